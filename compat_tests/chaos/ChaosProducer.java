import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * An idempotent producer that sends numbers, each to the next partition, until its standard input ends. Then it says
 * how many were acknowledged, and how many were not. Arguments: bootstrap servers, topic, partitions.
 */
public final class ChaosProducer {
    private ChaosProducer() {
    }

    public static void main(String[] args) throws Exception {
        Properties config = new Properties();
        config.put("bootstrap.servers", args[0]);
        config.put("acks", "all");
        config.put("enable.idempotence", "true");
        config.put("key.serializer", StringSerializer.class.getName());
        config.put("value.serializer", StringSerializer.class.getName());
        int partitions = Integer.parseInt(args[2]);
        AtomicInteger acknowledged = new AtomicInteger();
        AtomicInteger failed = new AtomicInteger();
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(config)) {
            for (int number = 0; System.in.available() == 0; number++) {
                ProducerRecord<String, String> numbered =
                        new ProducerRecord<>(args[1], number % partitions, null, Integer.toString(number));
                producer.send(numbered, (metadata, error) -> (error == null ? acknowledged : failed).incrementAndGet());
                Thread.sleep(2);
            }
        }
        System.out.println("acknowledged " + acknowledged + " failed " + failed);
    }
}
