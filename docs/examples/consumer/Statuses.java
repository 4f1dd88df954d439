import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Keeps the current status of every company, out of the topic standing.status.v1.
 *
 * <pre>java -cp 'lib/*' Statuses.java --bootstrap 127.0.0.1:9092</pre>
 *
 * <p>In lib/ are kafka-clients and jackson-databind; Java 17 or later runs it from its source where
 * it has its compiler. It reads the topic from its beginning to what was its end at the start,
 * prints a table, and then each status that changes. With --until-caught-up it ends after the table.
 */
public final class Statuses {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration A_MOMENT = Duration.ofMillis(200);

    /** What the topic said last of each company. */
    private final Map<String, JsonNode> latest = new TreeMap<>();

    /** Keeps what a message says; in words, what changed, or null where nothing did. */
    String take(String company, byte[] value) throws IOException {
        String before = said(latest.get(company));
        if (value == null) {
            latest.remove(company);
        } else {
            latest.put(company, JSON.readTree(value));
        }
        String after = said(latest.get(company));
        return after.equals(before) ? null : company + ": " + before + " -> " + after;
    }

    /** The id that a company goes by now. A merged id may lead to another merged one. */
    String present(String company) {
        Set<String> passed = new HashSet<>();
        while (passed.add(company) && latest.containsKey(company)) {
            JsonNode into = latest.get(company).get("merged_into");
            if (into == null) {
                break;
            }
            company = into.asText();
        }
        return company;
    }

    /** A line for each id, also for those that now count for another. */
    List<String> table() {
        List<String> lines = new ArrayList<>();
        for (String company : latest.keySet()) {
            String present = present(company);
            String name = present.equals(company) ? company : company + " = " + present;
            lines.add(String.format("%-32s %s", name, said(latest.get(present))));
        }
        return lines;
    }

    /** What a message says, in short. Neither "unknown" nor "parked" means: not listed. */
    static String said(JsonNode told) {
        if (told == null) {
            return "unknown";
        }
        if (told.has("merged_into")) {
            return "counts for " + told.get("merged_into").asText();
        }
        if (told.has("parked")) {
            return "parked";
        }
        List<String> kinds = new ArrayList<>();
        told.get("restrictions").forEach(one -> kinds.add(one.get("kind").asText()));
        return told.get("status").asText() + " [" + String.join(", ", kinds) + "]";
    }

    public static void main(String[] arguments) throws IOException {
        String bootstrap = "127.0.0.1:9092";
        String topic = "standing.status.v1";
        boolean untilCaughtUp = false;
        for (int at = 0; at < arguments.length; at++) {
            switch (arguments[at]) {
                case "--bootstrap" -> bootstrap = arguments[++at];
                case "--topic" -> topic = arguments[++at];
                case "--until-caught-up" -> untilCaughtUp = true;
                default -> {
                    System.err.println("unknown option " + arguments[at]);
                    System.exit(2);
                }
            }
        }
        Map<String, Object> options =
                Map.of(
                        "bootstrap.servers", bootstrap,
                        "enable.auto.commit", false,
                        // What was written in a transaction that did not end well never was.
                        "isolation.level", "read_committed");
        PrintStream out =
                new PrintStream(
                        new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        try (KafkaConsumer<String, byte[]> consumer =
                new KafkaConsumer<>(
                        options, new StringDeserializer(), new ByteArrayDeserializer())) {
            follow(consumer, topic, untilCaughtUp, out);
        }
    }

    private static void follow(
            KafkaConsumer<String, byte[]> consumer,
            String topic,
            boolean untilCaughtUp,
            PrintStream out)
            throws IOException {
        Statuses statuses = new Statuses();
        // Assigned and not subscribed: every partition is this consumer's, from the beginning.
        List<TopicPartition> partitions = new ArrayList<>();
        consumer.partitionsFor(topic)
                .forEach(one -> partitions.add(new TopicPartition(topic, one.partition())));
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
        // Offsets have gaps, where messages were compacted away and where transactions ended: it is
        // the position that says how far one has come, not the offset of the last message.
        while (ends.entrySet().stream()
                .anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
            for (ConsumerRecord<String, byte[]> record : consumer.poll(A_MOMENT)) {
                statuses.take(record.key(), record.value());
            }
        }
        statuses.table().forEach(out::println);
        out.println("caught up: " + statuses.latest.size());
        while (!untilCaughtUp) {
            for (ConsumerRecord<String, byte[]> record : consumer.poll(A_MOMENT)) {
                String changed = statuses.take(record.key(), record.value());
                if (changed != null) {
                    out.println(changed);
                }
            }
        }
    }
}
