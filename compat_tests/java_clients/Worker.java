import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Client processes of compat_tests/clients/worker.py, several in one JVM, since a JVM start costs more than most tests
 * do: each command names its client, each answer and report is of one.
 */
public final class Worker {
    static final ObjectMapper JSON = new ObjectMapper();

    private Worker() {
    }

    /** Says one line for a client; keys and values alternate. */
    static void say(String client, Object... message) {
        Map<String, Object> line = new TreeMap<>();
        for (int at = 0; at < message.length; at += 2) {
            line.put((String) message[at], message[at + 1]);
        }
        synchronized (System.out) {
            System.out.println("{\"client\":\"" + client + "\"," + JSON.valueToTree(line).toString().substring(1));
            System.out.flush();
        }
    }

    public static void main(String[] args) throws Exception {
        Map<String, Client> clients = new ConcurrentHashMap<>();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonNode command = JSON.readTree(line);
            String name = command.get("client").asText();
            String servers = command.get("bootstrap_servers").asText();
            clients.computeIfAbsent(name, key -> Client.started(key, servers)).give(command);
        }
        Runtime.getRuntime().halt(0);
    }
}
