import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** Copies records in transactions of five at most; it aborts every so many, and reads again what they had read. */
final class Copier {
    private final Map<String, Object> config;
    private final JsonNode command;

    Copier(Map<String, Object> config, JsonNode command) {
        this.config = config;
        this.command = command;
    }

    private KafkaConsumer<byte[], byte[]> source() {
        Map<String, Object> more = new HashMap<>(config);
        more.put("group.id", command.get("group").asText());
        more.put("auto.offset.reset", "earliest");
        more.put("enable.auto.commit", false);
        more.put("isolation.level", "read_committed");
        more.put("max.poll.records", 5);
        KafkaConsumer<byte[], byte[]> consumer = Client.consumer(more);
        consumer.subscribe(List.of(command.get("source").asText()));
        return consumer;
    }

    private KafkaProducer<byte[], byte[]> target() {
        Map<String, Object> more = new HashMap<>(config);
        more.put("transactional.id", command.get("transactional_id").asText());
        KafkaProducer<byte[], byte[]> producer = Client.producer(more);
        producer.initTransactions();
        return producer;
    }

    private static void rewind(KafkaConsumer<byte[], byte[]> consumer) {
        Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(consumer.assignment());
        for (TopicPartition place : consumer.assignment()) {
            OffsetAndMetadata offset = committed.get(place);
            consumer.seek(place, offset == null ? 0 : offset.offset());
        }
    }

    int run() {
        int copied = 0;
        int aborted = 0;
        int number = 0;
        try (KafkaConsumer<byte[], byte[]> consumer = source(); KafkaProducer<byte[], byte[]> producer = target()) {
            while (copied < command.get("count").asInt()) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(100));
                if (records.isEmpty()) {
                    continue;
                }
                producer.beginTransaction();
                Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
                int left = command.get("count").asInt() - copied;
                List<ConsumerRecord<byte[], byte[]>> taken = StreamSupport.stream(records.spliterator(), false)
                    .limit(left).collect(Collectors.toList());
                for (ConsumerRecord<byte[], byte[]> record : taken) {
                    next.put(new TopicPartition(record.topic(), record.partition()),
                        new OffsetAndMetadata(record.offset() + 1));
                    byte[] value = Client.text(record.value()).toUpperCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8);
                    producer.send(new ProducerRecord<>(command.get("target").asText(), record.key(), value));
                }
                producer.sendOffsetsToTransaction(next, consumer.groupMetadata());
                if (++number % command.get("abort_every").asInt() == 0) {
                    producer.flush();
                    producer.abortTransaction();
                    rewind(consumer);
                    aborted++;
                } else {
                    producer.commitTransaction();
                    copied += taken.size();
                }
            }
        }
        return aborted;
    }
}
