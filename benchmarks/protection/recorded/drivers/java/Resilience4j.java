// SPDX-License-Identifier: Apache-2.0
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.internal.CircuitBreakerStateMachine;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.TimeUnit;
import recording.Recording;

/** Records what resilience4j's circuit breaker decides. */
public final class Resilience4j {
  private static final String HEADER =
      """
      # settings: CircuitBreakerConfig.custom() with a clock
      # time: the clock of the configuration, as the library offers it
      """;

  private static final class VirtualClock extends Clock {
    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return Instant.ofEpochSecond(0, Recording.now);
    }
  }

  public static void main(String[] arguments) throws IOException {
    CircuitBreakerConfig config =
        CircuitBreakerConfig.custom()
            .clock(new VirtualClock())
            .currentTimestampFunction(clock -> Recording.now, TimeUnit.NANOSECONDS)
            .build();
    Exception failed = new Exception("failed");
    Recording.play(
        arguments[0],
        HEADER,
        seed -> {
          CircuitBreaker breaker = new CircuitBreakerStateMachine("calls", config);
          return () -> {
            if (!breaker.tryAcquirePermission()) {
              return null;
            }
            long started = Recording.now;
            return outcome -> {
              long took = Recording.now - started;
              if (outcome.equals("k")) {
                breaker.onSuccess(took, TimeUnit.NANOSECONDS);
              } else {
                breaker.onError(took, TimeUnit.NANOSECONDS, failed);
              }
            };
          };
        });
  }
}
