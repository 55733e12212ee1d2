// SPDX-License-Identifier: Apache-2.0
import com.netflix.concurrency.limits.Limit;
import com.netflix.concurrency.limits.Limiter;
import com.netflix.concurrency.limits.limit.Draws;
import com.netflix.concurrency.limits.limit.Gradient2Limit;
import com.netflix.concurrency.limits.limit.VegasLimit;
import com.netflix.concurrency.limits.limiter.SimpleLimiter;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Supplier;
import recording.Recording;
import recording.Twister;

/** Records what a limiter of Netflix's concurrency-limits decides: vegas or gradient2. */
public final class Limits {
  private static final String HEADER =
      """
      # settings: SimpleLimiter with newDefault() of the limit
      # outcomes: an error is ignored; a timeout, and a server with too much to do, are dropped
      # time: the limiter's clock, as the library offers it
      """;
  private static final String RANDOM =
      "# random: the draws of std::mt19937_64, seeded with the trace's seed, in place of ThreadLocalRandom\n";

  public static void main(String[] arguments) throws IOException {
    boolean isVegas = arguments[1].equals("vegas");
    Supplier<Limit> make = isVegas ? VegasLimit::newDefault : Gradient2Limit::newDefault;
    Recording.play(
        arguments[0],
        HEADER + (isVegas ? RANDOM : ""),
        seed -> {
          Draws.twister = new Twister(0)::nextDouble;
          SimpleLimiter.Builder builder = SimpleLimiter.newBuilder();  // which draws for a limit of its own
          Draws.twister = new Twister(seed)::nextDouble;
          Limiter<Void> limiter = builder.limit(make.get()).nanoClock(() -> Recording.now).build();
          return () -> {
            Optional<Limiter.Listener> listener = limiter.acquire(null);
            if (listener.isEmpty()) {
              return null;
            }
            return outcome -> {
              switch (outcome) {
                case "k" -> listener.get().onSuccess();
                case "e" -> listener.get().onIgnore();
                default -> listener.get().onDropped();
              }
            };
          };
        });
  }
}
