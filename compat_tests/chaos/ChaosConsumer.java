import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * A consumer that reads all partitions of some topics from their beginnings until its standard input ends, and prints
 * a line for each record: topic, partition, offset, value. Arguments: bootstrap servers, partitions, topics.
 */
public final class ChaosConsumer {
    private ChaosConsumer() {
    }

    public static void main(String[] args) throws Exception {
        Properties config = new Properties();
        config.put("bootstrap.servers", args[0]);
        config.put("auto.offset.reset", "none");
        config.put("key.deserializer", StringDeserializer.class.getName());
        config.put("value.deserializer", StringDeserializer.class.getName());
        List<TopicPartition> all = new ArrayList<>();
        for (int at = 2; at < args.length; at++) {
            for (int partition = 0; partition < Integer.parseInt(args[1]); partition++) {
                all.add(new TopicPartition(args[at], partition));
            }
        }
        PrintStream out = new PrintStream(new BufferedOutputStream(System.out), false);
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(config)) {
            consumer.assign(all);
            consumer.seekToBeginning(all);
            while (System.in.available() == 0) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
                    out.println(record.topic() + " " + record.partition() + " " + record.offset() + " " + record.value());
                }
                out.flush();
            }
        }
        out.println("ended");
        out.flush();
    }
}
