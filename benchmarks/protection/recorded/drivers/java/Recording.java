// SPDX-License-Identifier: Apache-2.0
package recording;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;

/** Plays the calls of calls.txt to a breaker in virtual time, and prints what it decided. */
public final class Recording {
  /** What is asked. It returns null if it rejects the call, or else what hears the outcome. */
  public interface Breaker {
    Consumer<String> ask();
  }

  /** When each trace begins: a whole number of every rule's windows. */
  public static final long START = 1_000_000_000_000_000_000L;

  /** The time that the library is told, in nanoseconds. */
  public static long now = START;

  /** Called with the time to which it moves, for a library that has timers. */
  public static LongConsumer moves = time -> {};

  private record Running(long endsAt, int place, Consumer<String> end, String outcome) {}

  private static final long UNIT = 100_000;

  private final PriorityQueue<Running> out =
      new PriorityQueue<>(Comparator.comparingLong(Running::endsAt).thenComparingInt(Running::place));
  private final StringBuilder decisions = new StringBuilder();
  private final Breaker breaker;
  private long asked = START;

  private Recording(Breaker breaker) {
    this.breaker = breaker;
  }

  private static void moveTo(long time) {
    now = time;
    moves.accept(time);
  }

  private void endUntil(long time) {
    while (!out.isEmpty() && out.peek().endsAt <= time) {
      Running next = out.poll();
      moveTo(next.endsAt);
      next.end.accept(next.outcome);
    }
  }

  private void ask(long gap, long latency, String outcome) {
    asked += gap * UNIT;
    endUntil(asked);
    moveTo(asked);
    Consumer<String> end = breaker.ask();
    if (end != null) {
      out.add(new Running(asked + latency * UNIT, decisions.length(), end, outcome));
    }
    decisions.append(end == null ? 'r' : 'A');
  }

  private void print() {
    for (int from = 0; from < decisions.length(); from += 100) {
      System.out.println(decisions.substring(from, Math.min(from + 100, decisions.length())));
    }
  }

  /** Reads that file. `make` is called with the seed at the beginning of each trace. */
  public static void play(String file, String header, LongFunction<Breaker> make) throws IOException {
    System.out.print(header);
    Recording trace = null;
    for (String line : Files.readAllLines(Path.of(file))) {
      if (line.startsWith("#")) {
        continue;
      }
      String[] words = line.split(" ");
      if (line.startsWith("trace ")) {
        if (trace != null) {
          trace.print();
        }
        System.out.println("trace " + words[1]);
        now = START;
        trace = new Recording(make.apply(Long.parseLong(words[2])));
      } else {
        trace.ask(Long.parseLong(words[0]), Long.parseLong(words[1]), words[2]);
      }
    }
    trace.print();
  }
}
