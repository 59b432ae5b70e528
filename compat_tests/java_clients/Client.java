import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** One client with a thread of its own: the verbs of compat_tests/clients/worker.py. */
final class Client implements Runnable {
    private static final Duration SHORT = Duration.ofMillis(100);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final String name;
    private final String servers;
    private final LinkedBlockingQueue<JsonNode> commands = new LinkedBlockingQueue<>();
    private Admin admin;
    private Member member;
    private Sharer sharer;
    private KafkaProducer<byte[], byte[]> transactional;

    private Client(String name, String servers) {
        this.name = name;
        this.servers = servers;
    }

    static Client started(String name, String servers) {
        Client client = new Client(name, servers);
        Thread thread = new Thread(client, name);
        thread.setDaemon(true);
        thread.start();
        return client;
    }

    void give(JsonNode command) {
        commands.add(command);
    }

    @Override
    public void run() {
        try {
            while (true) {
                JsonNode command = member == null ? commands.take() : commands.poll();
                if (command == null) {
                    poll();
                    continue;
                }
                try {
                    Worker.say(name, "id", command.get("id"), "answer", obey(command));
                } catch (Exception error) {
                    Worker.say(name, "id", command.get("id"), "error", error.toString());
                }
                if (command.get("do").asText().equals("close")) {
                    return;
                }
            }
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }

    /** A member that may not go on says why. */
    private void poll() {
        try {
            member.poll();
        } catch (KafkaException error) {
            Worker.say(name, "died", error.toString());
            member.die();
            member = null;
        }
    }

    private Object obey(JsonNode command) throws Exception {
        String topic = command.path("topic").asText();
        switch (command.get("do").asText()) {
            case "create_topic":
                admin().createTopics(List.of(new NewTopic(topic, command.get("partitions").asInt(), (short) 1))).all().get();
                return null;
            case "describe_topic":
                return partitions(topic).stream().map(TopicPartition::partition).collect(Collectors.toList());
            case "list_topics":
                return admin().listTopics().names().get();
            case "delete_topic":
                admin().deleteTopics(List.of(topic)).all().get();
                return null;
            case "produce":
                return produce(command);
            case "read":
                return read(topic, "read_uncommitted");
            case "read_committed":
                return read(topic, "read_committed");
            case "read_from":
                return readFrom(command);
            case "watermarks":
                return watermarks(new TopicPartition(topic, command.get("partition").asInt()));
            case "offset_for_time":
                return offsetForTime(command);
            case "join":
                member = new Member(name, config(), command);
                return null;
            case "leave":
                member.leave();
                member = null;
                return null;
            case "die":
                member.die();
                member = null;
                return null;
            case "commit":
                return member.commit();
            case "seek":
                member.seek(new TopicPartition(topic, command.get("partition").asInt()), command.get("offset").asLong());
                return null;
            case "generation":
                return member.generation();
            case "send_in_transaction":
                return sendInTransaction(command);
            case "end_transaction":
                endTransaction(command.get("commit").asBoolean());
                return null;
            case "copy":
                return new Copier(config(), command).run();
            case "share_join":
                sharer = new Sharer(config(), command);
                return null;
            case "share_poll":
                return sharer.poll(command.get("within_ms").asLong());
            case "share_acknowledge":
                return sharer.acknowledge(command.get("types"));
            case "share_leave":
                sharer.close();
                sharer = null;
                return null;
            case "group_config":
                configureGroup(command);
                return null;
            case "close":
                close();
                return null;
            default:
                throw new IllegalArgumentException("unknown verb " + command.get("do"));
        }
    }

    private void close() {
        if (member != null) {
            member.die();
            member = null;
        }
        if (sharer != null) {
            sharer.close();
        }
        if (transactional != null) {
            transactional.close(Duration.ZERO);
        }
        if (admin != null) {
            admin.close(Duration.ZERO);
        }
    }

    private Map<String, Object> config(Object... more) {
        Map<String, Object> config = new HashMap<>();
        config.put("bootstrap.servers", servers);
        config.put("client.id", name);
        for (int at = 0; at < more.length; at += 2) {
            config.put((String) more[at], more[at + 1]);
        }
        return config;
    }

    private Admin admin() {
        if (admin == null) {
            admin = Admin.create(config());
        }
        return admin;
    }

    private List<TopicPartition> partitions(String topic) throws Exception {
        return admin().describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().stream()
            .map(partition -> new TopicPartition(topic, partition.partition())).collect(Collectors.toList());
    }

    static byte[] data(JsonNode typed) {
        return typed == null || typed.isNull() ? null : typed.asText().getBytes(StandardCharsets.UTF_8);
    }

    static String text(byte[] data) {
        return data == null ? null : new String(data, StandardCharsets.UTF_8);
    }

    static KafkaProducer<byte[], byte[]> producer(Map<String, Object> config) {
        return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
    }

    static KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> config) {
        return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    static Map<String, Object> recordOf(ConsumerRecord<byte[], byte[]> record) {
        Map<String, Object> made = new LinkedHashMap<>();
        made.put("topic", record.topic());
        made.put("partition", record.partition());
        made.put("offset", record.offset());
        made.put("timestamp_ms", record.timestamp());
        made.put("key", text(record.key()));
        made.put("value", text(record.value()));
        List<List<String>> headers = new ArrayList<>();
        for (Header header : record.headers()) {
            headers.add(List.of(header.key(), text(header.value())));
        }
        made.put("headers", headers);
        return made;
    }

    private static List<List<Long>> sendAll(KafkaProducer<byte[], byte[]> producer, JsonNode command) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (JsonNode record : command.get("records")) {
            Integer partition = record.hasNonNull("partition") ? record.get("partition").asInt() : null;
            Long timestamp = record.hasNonNull("timestamp_ms") ? record.get("timestamp_ms").asLong() : null;
            ProducerRecord<byte[], byte[]> made = new ProducerRecord<>(
                command.get("topic").asText(), partition, timestamp, data(record.get("key")), data(record.get("value")));
            for (JsonNode header : record.path("headers")) {
                made.headers().add(header.get(0).asText(), data(header.get(1)));
            }
            sent.add(producer.send(made));
        }
        producer.flush();
        List<List<Long>> places = new ArrayList<>();
        for (Future<RecordMetadata> one : sent) {
            RecordMetadata metadata = one.get(20, TimeUnit.SECONDS);
            places.add(List.of((long) metadata.partition(), metadata.hasOffset() ? metadata.offset() : -1L));
        }
        return places;
    }

    private Object produce(JsonNode command) throws Exception {
        Map<String, Object> config = config(
            "acks", command.get("acks").asText(),
            "enable.idempotence", command.get("idempotent").asBoolean(),
            "compression.type", command.get("codec").asText("none"),
            "linger.ms", 20);
        try (KafkaProducer<byte[], byte[]> producer = producer(config)) {
            return sendAll(producer, command);
        }
    }

    /** Reads each partition from its start to before its end. */
    private List<Map<String, Object>> fetch(
        KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> starts, Map<TopicPartition, Long> ends
    ) {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        consumer.assign(starts.keySet());
        starts.forEach(consumer::seek);
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (starts.keySet().stream().anyMatch(place -> consumer.position(place) < ends.get(place))) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("not read to the end");
            }
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(SHORT)) {
                if (record.offset() < ends.get(new TopicPartition(record.topic(), record.partition()))) {
                    records.add(record);
                }
            }
        }
        records.sort(Comparator.<ConsumerRecord<byte[], byte[]>>comparingInt(ConsumerRecord::partition)
            .thenComparingLong(ConsumerRecord::offset));
        return records.stream().map(Client::recordOf).collect(Collectors.toList());
    }

    private Object read(String topic, String isolation) throws Exception {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(config("isolation.level", isolation))) {
            List<TopicPartition> places = partitions(topic);
            return fetch(consumer, consumer.beginningOffsets(places), consumer.endOffsets(places));
        }
    }

    private Object readFrom(JsonNode command) {
        TopicPartition place = new TopicPartition(command.get("topic").asText(), command.get("partition").asInt());
        long start = command.get("offset").asLong();
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(config())) {
            return fetch(consumer, Map.of(place, start), Map.of(place, start + command.get("count").asLong()));
        }
    }

    private Object watermarks(TopicPartition place) {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(config())) {
            Set<TopicPartition> one = Set.of(place);
            return List.of(consumer.beginningOffsets(one).get(place), consumer.endOffsets(one).get(place));
        }
    }

    private Object offsetForTime(JsonNode command) {
        TopicPartition place = new TopicPartition(command.get("topic").asText(), command.get("partition").asInt());
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(config())) {
            OffsetAndTimestamp found =
                consumer.offsetsForTimes(Map.of(place, command.get("timestamp_ms").asLong())).get(place);
            return found == null ? null : found.offset();
        }
    }

    private Object sendInTransaction(JsonNode command) throws Exception {
        if (transactional == null) {
            transactional = producer(config("transactional.id", command.get("transactional_id").asText()));
            transactional.initTransactions();
        }
        transactional.beginTransaction();
        return sendAll(transactional, command);
    }

    private void configureGroup(JsonNode command) throws Exception {
        List<AlterConfigOp> changes = new ArrayList<>();
        command.get("config").properties().forEach(entry -> changes.add(new AlterConfigOp(
            new ConfigEntry(entry.getKey(), entry.getValue().asText()), AlterConfigOp.OpType.SET)));
        ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, command.get("group").asText());
        admin().incrementalAlterConfigs(Map.of(group, changes)).all().get();
    }

    private void endTransaction(boolean commit) {
        if (commit) {
            transactional.commitTransaction();
        } else {
            transactional.abortTransaction();
        }
    }

    /** Offsets as the tests compare them: those that are not zero. */
    static Map<String, Long> offsets(Map<TopicPartition, OffsetAndMetadata> committed) {
        Map<String, Long> offsets = new TreeMap<>();
        committed.forEach((place, offset) -> {
            if (offset != null && offset.offset() > 0) {
                offsets.put(String.valueOf(place.partition()), offset.offset());
            }
        });
        return offsets;
    }

    /** The records of one poll, as they are reported. */
    static List<Map<String, Object>> reported(ConsumerRecords<byte[], byte[]> records) {
        List<Map<String, Object>> made = new ArrayList<>();
        records.forEach(record -> made.add(recordOf(record)));
        return made;
    }
}
