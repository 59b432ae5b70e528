import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs the main methods of Kafka's command line tools one after the other in one JVM, since a JVM start costs more
 * than most tools do. Reads one JSON request a line, {"main", "args", "stdin", "timeout_ms"}, and answers one
 * JSON line, {"exit", "stdout", "stderr"}; exit is null when time ran out.
 *
 * What a tool would see in a process of its own is kept: its own standard streams (threads that it starts inherit
 * them), its shutdown hooks run when it ends, and after Exit.exit() none of its code goes on.
 */
public final class ToolServer {
    private static final InheritableThreadLocal<Run> CURRENT = new InheritableThreadLocal<>();

    /** One tool's run: its streams, its hooks, its end. */
    private static final class Run {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        final ByteArrayOutputStream err = new ByteArrayOutputStream();
        final InputStream in;
        final List<Runnable> hooks = Collections.synchronizedList(new ArrayList<>());
        final CountDownLatch ended = new CountDownLatch(1);
        volatile Integer exit;

        Run(String stdin) {
            in = new ByteArrayInputStream(stdin.getBytes(StandardCharsets.UTF_8));
        }

        synchronized void end(int status) {
            if (exit == null) {
                hooks.forEach(Runnable::run);
                exit = status;
                ended.countDown();
            }
        }
    }

    /** Sends what a thread prints to the run that the thread belongs to. */
    private static final class Routed extends OutputStream {
        private final PrintStream original;
        private final Function<Run, OutputStream> choose;

        Routed(PrintStream original, Function<Run, OutputStream> choose) {
            this.original = original;
            this.choose = choose;
        }

        private OutputStream target() {
            Run run = CURRENT.get();
            return run == null ? original : choose.apply(run);
        }

        @Override
        public void write(int b) throws java.io.IOException {
            target().write(b);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws java.io.IOException {
            target().write(bytes, from, length);
        }
    }

    /** The console consumer of 2.8 counts its records in a singleton, as if a JVM ran it only once. */
    private static void forget(String main) throws ReflectiveOperationException {
        if (main.equals("kafka.tools.ConsoleConsumer")) {
            Class<?> kind = Class.forName(main + "$");
            kind.getMethod("messageCount_$eq", int.class).invoke(kind.getField("MODULE$").get(null), 0);
        }
    }

    private static void call(Run run, String main, String[] args) {
        CURRENT.set(run);
        System.setIn(run.in);
        try {
            forget(main);
            Class.forName(main).getMethod("main", String[].class).invoke(null, (Object) args);
            run.end(0);
        } catch (InvocationTargetException e) {
            System.err.print("Exception in thread \"main\" ");
            e.getCause().printStackTrace();
            run.end(1);
        } catch (ReflectiveOperationException e) {
            e.printStackTrace();
            run.end(1);
        }
    }

    private static void leave(int status) {
        Run run = CURRENT.get();
        if (run == null) {
            Runtime.getRuntime().halt(status);
        }
        run.end(status);
        while (true) {
            try {
                Thread.sleep(Long.MAX_VALUE);
            } catch (InterruptedException ignored) {
                // Nothing after an exit may run.
            }
        }
    }

    public static void main(String[] ignored) throws Exception {
        PrintStream answers = System.out;
        System.setOut(new PrintStream(new Routed(answers, run -> run.out), true));
        System.setErr(new PrintStream(new Routed(System.err, run -> run.err), true));
        Exit.setExitProcedure((status, message) -> leave(status));
        Exit.setHaltProcedure((status, message) -> leave(status));
        Exit.setShutdownHookAdder((name, hook) -> CURRENT.get().hooks.add(hook));

        ObjectMapper json = new ObjectMapper();
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            JsonNode request = json.readTree(line);
            String[] args = json.convertValue(request.get("args"), String[].class);
            Run run = new Run(request.get("stdin").asText());
            Thread thread = new Thread(() -> call(run, request.get("main").asText(), args), "main");
            thread.setDaemon(true);
            thread.start();
            run.ended.await(request.get("timeout_ms").asLong(), TimeUnit.MILLISECONDS);
            ObjectNode answer = json.createObjectNode();
            answer.put("exit", run.exit);
            answer.put("stdout", run.out.toString(StandardCharsets.UTF_8));
            answer.put("stderr", run.err.toString(StandardCharsets.UTF_8));
            answers.println(json.writeValueAsString(answer));
            answers.flush();
        }
    }
}
