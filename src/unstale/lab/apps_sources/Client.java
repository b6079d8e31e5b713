import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * An application of the lab in Java: java.net.http with its defaults, or with the settings that
 * docs/other-languages.md names.
 *
 * <p>usage: Client VARIANT, then on standard input one line of settings as JSON and one request id a line. The first line
 * on standard output says that it is ready; then each answer is one line of JSON, in the order in which they come.
 */
final class Client {
    private final String settings;
    private final boolean isRecommended;
    private volatile HttpClient http;

    private Client(String settings, boolean isRecommended) throws Exception {
        this.settings = settings;
        this.isRecommended = isRecommended;
        this.http = make();
    }

    public static void main(String[] arguments) throws Exception {
        boolean isRecommended = arguments[0].equals("recommended");
        if (isRecommended) {
            // Before the first look-up and the first client: the JDK reads them once.
            Security.setProperty("networkaddress.cache.ttl", "1");
            Security.setProperty("networkaddress.cache.negative.ttl", "0");
            System.setProperty("jdk.httpclient.keepalive.timeout", "4");
        }
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        Client client = new Client(input.readLine(), isRecommended);
        client.warmUp();
        tell("{\"ready\":true}");
        String id = input.readLine();
        if (isRecommended) {
            Thread following = new Thread(client::follow);
            following.setDaemon(true);
            following.start();
        }
        var threads = Executors.newCachedThreadPool();
        for (; id != null; id = input.readLine()) {
            String one = id;
            threads.submit(() -> tell(client.send(one)));
        }
        threads.shutdown();
    }

    private static synchronized void tell(String answer) {
        System.out.println(answer);
        System.out.flush();
    }

    private HttpClient make() throws Exception {
        HttpClient.Builder builder = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1);
        if (isRecommended) {
            builder.connectTimeout(Duration.ofSeconds(2));
        }
        String authority = text("ca");
        if (!authority.isEmpty()) {
            builder.sslContext(trust(authority));
        }
        return builder.build();
    }

    /**
     * What the first request of a JVM would wait for, seconds on a busy machine: classes of the client and of TLS. It
     * calls a socket of its own that hangs up, with a client that is not used again.
     */
    private void warmUp() {
        try (ServerSocket server = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
            Thread hangingUp =
                    new Thread(
                            () -> {
                                try {
                                    while (true) {
                                        server.accept().close();
                                    }
                                } catch (IOException closed) {
                                    return;
                                }
                            });
            hangingUp.setDaemon(true);
            hangingUp.start();
            HttpClient client = make();
            String scheme = text("url").substring(0, text("url").indexOf(':'));
            URI uri = URI.create(scheme + "://127.0.0.1:" + server.getLocalPort() + "/");
            for (int turn = 0; turn < 3; turn++) {
                try {
                    client.send(
                            HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(10)).build(),
                            HttpResponse.BodyHandlers.ofByteArray());
                } catch (IOException hungUp) {
                    continue;
                }
            }
        } catch (Exception error) {
            // The load will tell.
            return;
        }
    }

    /** The client is replaced when DNS answers differently, and every five minutes: it has no maximum age. */
    private void follow() {
        Set<String> known = Set.of();
        long aged = System.nanoTime();
        while (true) {
            try {
                Set<String> found = new TreeSet<>();
                for (InetAddress address : InetAddress.getAllByName(text("host"))) {
                    found.add(address.getHostAddress());
                }
                if (!found.equals(known) || System.nanoTime() - aged > 300_000_000_000L) {
                    known = found;
                    aged = System.nanoTime();
                    http = make();
                }
                Thread.sleep(Math.max(500, (long) (800 * number("ttl_s"))));
            } catch (java.net.UnknownHostException error) {
                pause(500);
            } catch (Exception error) {
                return;
            }
        }
    }

    private String send(String id) {
        long began = System.nanoTime();
        int repeats = isRecommended ? 1 : 0;
        while (true) {
            try {
                HttpResponse<byte[]> response = http.send(request(id), HttpResponse.BodyHandlers.ofByteArray());
                return answer(id, response.statusCode(), response.body().length, "");
            } catch (Exception error) {
                boolean neverSent = isNeverSent(error);
                boolean isLate = System.nanoTime() - began > 4_000_000_000L;
                boolean mayRunAgain = repeats > 0 && !text("method").equals("POST");
                if (!isRecommended || isLate || !(neverSent || mayRunAgain)) {
                    return answer(id, 0, 0, error.toString());
                }
                if (neverSent) {
                    pause(250);
                } else {
                    repeats--;
                    pause(Math.min(2000, Math.max(250, (long) (1000 * (number("ttl_s") + 1)))));
                    renew();
                }
            }
        }
    }

    private void renew() {
        try {
            http = make();
        } catch (Exception error) {
            throw new IllegalStateException(error);
        }
    }

    private static boolean isNeverSent(Throwable error) {
        for (Throwable one = error; one != null; one = one.getCause()) {
            if (one instanceof java.net.ConnectException
                    || one instanceof HttpConnectTimeoutException
                    || one instanceof java.nio.channels.UnresolvedAddressException) {
                return true;
            }
        }
        return false;
    }

    private HttpRequest request(String id) {
        HttpRequest.Builder builder =
                HttpRequest.newBuilder(URI.create(text("url") + "/" + id))
                        .timeout(Duration.ofMillis((long) (1000 * number("timeout_s"))))
                        .header("x-request-id", id)
                        .header("user-agent", "unstale-lab");
        String body = text("body");
        HttpRequest.BodyPublisher publisher =
                body.isEmpty() ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        return builder.method(text("method"), publisher).build();
    }

    private static SSLContext trust(String path) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (var file = Files.newInputStream(Path.of(path))) {
            store.setCertificateEntry("lab", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, factory.getTrustManagers(), null);
        return context;
    }

    private static String answer(String id, int status, int size, String error) {
        String words = error.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", " ");
        return "{\"id\":\"%s\",\"status\":%d,\"bytes\":%d,\"error\":\"%s\"}".formatted(id, status, size, words);
    }

    private static void pause(long milliseconds) {
        try {
            Thread.sleep(milliseconds + ThreadLocalRandom.current().nextLong(100));
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }

    /** A text of the settings, "" where there is none; the settings are one flat line, written by the lab. */
    private String text(String name) {
        var found = Pattern.compile("\"" + name + "\": \"((?:[^\"\\\\]|\\\\.)*)\"").matcher(settings);
        return found.find() ? found.group(1).replace("\\\"", "\"") : "";
    }

    private double number(String name) {
        var found = Pattern.compile("\"" + name + "\": ([0-9.]+)").matcher(settings);
        return found.find() ? Double.parseDouble(found.group(1)) : 0;
    }
}
