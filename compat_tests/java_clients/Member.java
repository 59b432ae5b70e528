import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.common.TopicPartition;

/** A member of a group, classic or of KIP-848, that reports what it reads and every change of its assignment. */
final class Member implements ConsumerRebalanceListener {
    private final String name;
    private final KafkaConsumer<byte[], byte[]> consumer;

    Member(String name, Map<String, Object> config, JsonNode command) {
        this.name = name;
        config.put("group.id", command.get("group").asText());
        config.put("auto.offset.reset", "earliest");
        config.put("enable.auto.commit", false);
        config.put("fetch.max.wait.ms", 100);
        JsonNode more = command.path("config");
        if (command.path("protocol").asText("classic").equals("consumer")) {
            config.put("group.protocol", "consumer");
        } else {
            config.put("session.timeout.ms", command.get("session_timeout_ms").asInt());
            config.put("heartbeat.interval.ms", 300);
        }
        more.properties().forEach(entry -> config.put(entry.getKey(), entry.getValue().asText()));
        consumer = Client.consumer(config);
        String topic = command.get("topic").asText();
        if (topic.startsWith("^")) {
            consumer.subscribe(new SubscriptionPattern(topic), this);
        } else {
            consumer.subscribe(List.of(topic), this);
        }
    }

    private static List<Integer> numbers(Collection<TopicPartition> places) {
        return places.stream().map(TopicPartition::partition).sorted().collect(Collectors.toList());
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> places) {
        Worker.say(name, "assignment", numbers(consumer.assignment()));
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> places) {
        Worker.say(name, "revoked", numbers(places));
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> places) {
        Worker.say(name, "lost", numbers(places));
    }

    void poll() {
        ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(50));
        if (!records.isEmpty()) {
            Worker.say(name, "records", Client.reported(records));
        }
    }

    Map<String, Long> commit() {
        consumer.commitSync();
        return Client.offsets(consumer.committed(consumer.assignment()));
    }

    void seek(TopicPartition place, long offset) {
        consumer.seek(place, offset);
    }

    int generation() {
        return consumer.groupMetadata().generationId();
    }

    void leave() {
        consumer.close();
    }

    /** Ends as a crash would: nothing is said to the broker. */
    void die() {
        consumer.close(CloseOptions.timeout(Duration.ZERO)
            .withGroupMembershipOperation(CloseOptions.GroupMembershipOperation.REMAIN_IN_GROUP));
    }
}
