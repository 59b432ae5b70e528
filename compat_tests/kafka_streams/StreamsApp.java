import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * One instance of an application: StreamsApp word-count|orders key=value... Its topics have the application's id in front.
 * Prints each state that it comes to, and stops when its standard input ends.
 */
public final class StreamsApp {
    private StreamsApp() {
    }

    private static <V> Materialized<String, V, KeyValueStore<Bytes, byte[]>> store(String name) {
        return Materialized.as(name);
    }

    /** Counts words; every count is an output record. */
    private static void wordCount(StreamsBuilder builder, String prefix) {
        builder.stream(prefix + "lines", Consumed.with(Serdes.String(), Serdes.String()))
            .flatMapValues(line -> Arrays.asList(line.toLowerCase(Locale.ROOT).split("\\W+")))
            .groupBy((key, word) -> word, Grouped.with("words", Serdes.String(), Serdes.String()))
            .count(StreamsApp.<Long>store("counts").withKeySerde(Serdes.String()).withValueSerde(Serdes.Long()))
            .toStream()
            .mapValues(String::valueOf)
            .to(prefix + "counted", Produced.with(Serdes.String(), Serdes.String()));
    }

    /** Orders by number, "customer amount", are repartitioned by customer, summed, and joined with the customer's name. */
    private static void orders(StreamsBuilder builder, String prefix) {
        KTable<String, String> names = builder.table(
            prefix + "customers", Consumed.with(Serdes.String(), Serdes.String()));
        KStream<String, String> orders = builder.stream(
            prefix + "orders", Consumed.with(Serdes.String(), Serdes.String()));
        KTable<String, Long> sums = orders
            .selectKey((number, order) -> order.split(" ")[0])
            .mapValues(order -> Long.valueOf(order.split(" ")[1]))
            .groupByKey(Grouped.with("by-customer", Serdes.String(), Serdes.Long()))
            .reduce(Long::sum, StreamsApp.<Long>store("sums").withKeySerde(Serdes.String()).withValueSerde(Serdes.Long()));
        sums.join(names, (sum, name) -> name + " " + sum)
            .toStream()
            .to(prefix + "bills", Produced.with(Serdes.String(), Serdes.String()));
    }

    private static Properties config(String[] args) {
        Properties config = new Properties();
        config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
        config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        config.put("consumer.auto.offset.reset", "earliest");
        for (String arg : Arrays.copyOfRange(args, 1, args.length)) {
            String[] pair = arg.split("=", 2);
            config.put(pair[0], pair[1]);
        }
        return config;
    }

    public static void main(String[] args) throws Exception {
        Properties config = config(args);
        StreamsBuilder builder = new StreamsBuilder();
        String prefix = config.getProperty(StreamsConfig.APPLICATION_ID_CONFIG) + "-";
        if (args[0].equals("word-count")) {
            wordCount(builder, prefix);
        } else {
            orders(builder, prefix);
        }
        KafkaStreams streams = new KafkaStreams(builder.build(), config);
        CountDownLatch ended = new CountDownLatch(1);
        streams.setStateListener((now, before) -> {
            System.out.println(now);
            if (now == KafkaStreams.State.ERROR) {
                ended.countDown();
            }
        });
        Thread waiting = new Thread(() -> {
            try {
                while (System.in.read() >= 0) {
                    continue;
                }
            } catch (java.io.IOException end) {
                System.err.println(end);
            }
            ended.countDown();
        });
        waiting.setDaemon(true);
        waiting.start();
        streams.start();
        ended.await();
        streams.close(Duration.ofSeconds(10));
    }
}
