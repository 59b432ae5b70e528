import com.fasterxml.jackson.databind.node.TextNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.Schema;

/**
 * Answers questions about Kafka's generated message classes, a line for each line of standard input:
 *
 * <pre>
 * message CLASS VERSION HEX    what is read from these bytes: written again, and as JSON: "HEX JSON"
 * versions CLASS               "LOWEST HIGHEST", or "none"
 * grammar CLASS VERSION        the protocol guide's rules, as a JSON string
 * headers KEY VERSION          the versions of request and response header
 * </pre>
 *
 * An answer that begins with "!" is an error's text.
 */
public final class CodecServer {
    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        PrintWriter out = new PrintWriter(
            new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8)));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.println(answer(line.split(" ", -1)));
        }
        out.flush();
    }

    private static String answer(String[] words) {
        try {
            switch (words[0]) {
                case "message":
                    return message(words[1], Short.parseShort(words[2]), bytes(words[3]));
                case "versions":
                    return versions(words[1]);
                case "grammar":
                    return grammar(words[1], Short.parseShort(words[2]));
                case "headers":
                    ApiKeys api = ApiKeys.forId(Integer.parseInt(words[1]));
                    short version = Short.parseShort(words[2]);
                    return api.requestHeaderVersion(version) + " " + api.responseHeaderVersion(version);
                default:
                    return "! no such question: " + words[0];
            }
        } catch (Throwable error) {
            Throwable cause = error.getCause() == null ? error : error.getCause();
            return "! " + cause.toString().replace('\n', ' ');
        }
    }

    private static String message(String name, short version, byte[] content) throws Exception {
        Class<?> type = Class.forName(name);
        Message message = (Message) type.getDeclaredConstructor().newInstance();
        ByteBuffer buffer = ByteBuffer.wrap(content);
        message.read(new ByteBufferAccessor(buffer), version);
        if (buffer.hasRemaining()) {
            return "! bytes left over: " + buffer.remaining();
        }
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer again = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(again), cache, version);
        Method toJson = Class.forName(name + "JsonConverter")
            .getMethod("write", type, short.class, boolean.class);
        return hex(again.array()) + " " + toJson.invoke(null, message, version, false);
    }

    private static String versions(String name) throws Exception {
        try {
            Class<?> type = Class.forName(name);
            return type.getField("LOWEST_SUPPORTED_VERSION").get(null)
                + " " + type.getField("HIGHEST_SUPPORTED_VERSION").get(null);
        } catch (ClassNotFoundException error) {
            return "none";
        }
    }

    private static String grammar(String name, short version) throws Exception {
        Schema[] schemas = (Schema[]) Class.forName(name).getField("SCHEMAS").get(null);
        Method write = Class.forName("org.apache.kafka.common.protocol.Protocol")
            .getDeclaredMethod("schemaToBnfHtml", Schema.class, StringBuilder.class, int.class);
        write.setAccessible(true);
        StringBuilder text = new StringBuilder();
        write.invoke(null, schemas[version], text, 2);
        return TextNode.valueOf(text.toString()).toString();
    }

    private static byte[] bytes(String hex) {
        byte[] bytes = new byte[hex.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (Character.digit(hex.charAt(2 * i), 16) << 4 | Character.digit(hex.charAt(2 * i + 1), 16));
        }
        return bytes;
    }

    private static String hex(byte[] bytes) {
        StringBuilder text = new StringBuilder(2 * bytes.length);
        for (byte one : bytes) {
            text.append(Character.forDigit(one >> 4 & 15, 16)).append(Character.forDigit(one & 15, 16));
        }
        return text.toString();
    }
}
