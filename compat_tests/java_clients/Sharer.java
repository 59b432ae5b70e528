import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** A member of a share group that acknowledges each record as it is told; it polls only when it is told. */
final class Sharer {
    private final KafkaShareConsumer<byte[], byte[]> consumer;
    private final Map<Long, ConsumerRecord<byte[], byte[]>> held = new HashMap<>();

    Sharer(Map<String, Object> config, JsonNode command) {
        config.put("group.id", command.get("group").asText());
        config.put("share.acknowledgement.mode", "explicit");
        config.put("fetch.max.wait.ms", 100);
        command.path("config").properties().forEach(entry -> config.put(entry.getKey(), entry.getValue().asText()));
        consumer = new KafkaShareConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        consumer.subscribe(List.of(command.get("topic").asText()));
    }

    /**
     * The offset, value and delivery count of what one poll brings; waits for the first record.
     *
     * <p>It is one call, which asks the broker until there are records and no further: a second one, made while the
     * first one's answer is on its way, would acquire more than it is told of.
     */
    List<List<Object>> poll(long withinMs) {
        List<List<Object>> got = new ArrayList<>();
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(withinMs))) {
            held.put(record.offset(), record);
            got.add(List.of(record.offset(), Client.text(record.value()), (int) record.deliveryCount().orElseThrow()));
        }
        return got;
    }

    /** Acknowledges records by their offsets, and answers the errors that the broker had for them. */
    List<String> acknowledge(JsonNode types) {
        types.properties().forEach(entry -> consumer.acknowledge(
            held.remove(Long.valueOf(entry.getKey())),
            AcknowledgeType.valueOf(entry.getValue().asText().toUpperCase(Locale.ROOT))));
        List<String> errors = new ArrayList<>();
        for (Map.Entry<TopicIdPartition, java.util.Optional<KafkaException>> one : consumer.commitSync().entrySet()) {
            one.getValue().ifPresent(error -> errors.add(error.toString()));
        }
        return errors;
    }

    void close() {
        consumer.close(Duration.ofSeconds(5));
    }
}
