// SPDX-License-Identifier: Apache-2.0
package com.netflix.hystrix;

import com.netflix.hystrix.metric.HystrixThreadEventStream;
import com.netflix.hystrix.strategy.properties.HystrixPropertiesCommandDefault;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import recording.Recording;
import rx.plugins.RxJavaHooks;
import rx.schedulers.TestScheduler;

/**
 * Records what the circuit breaker of Hystrix decides, with its metrics. What a command does around it
 * is written here: when it asks and tells the breaker, and a pool of ten threads without a queue. A
 * command's own time limit isn't.
 */
public final class HystrixDriver {
  private static final String HEADER =
      """
      # settings: HystrixCommandProperties.Setter(); ten threads and no queue, which are the driver's
      # time: RxJava's TestScheduler, also in place of System.currentTimeMillis() in HystrixCircuitBreaker
      """;
  private static final int THREADS = 10;

  private static TestScheduler scheduler;

  private final HystrixCommandKey key;
  private final HystrixThreadPoolKey pool = HystrixThreadPoolKey.Factory.asKey("calls");
  private final HystrixCircuitBreaker breaker;
  private int busy = 0;

  private HystrixDriver(String name) {
    key = HystrixCommandKey.Factory.asKey(name);
    HystrixCommandGroupKey group = HystrixCommandGroupKey.Factory.asKey(name);
    HystrixCommandProperties properties =
        new HystrixPropertiesCommandDefault(key, HystrixCommandProperties.Setter());
    breaker =
        HystrixCircuitBreaker.Factory.getInstance(
            key, group, properties, HystrixCommandMetrics.getInstance(key, group, pool, properties));
  }

  private void end(HystrixEventType event) {
    if (event == HystrixEventType.SUCCESS) {
      breaker.markSuccess();
    }
    HystrixThreadEventStream.getInstance().executionDone(ExecutionResult.from(event), key, pool);
  }

  private Consumer<String> ask() {
    if (!breaker.allowRequest()) {
      return null;
    }
    if (busy >= THREADS) {
      end(HystrixEventType.THREAD_POOL_REJECTED);
      return null;
    }
    busy++;
    return outcome -> {
      busy--;
      end(
          switch (outcome) {
            case "k" -> HystrixEventType.SUCCESS;
            case "t" -> HystrixEventType.TIMEOUT;
            default -> HystrixEventType.FAILURE;
          });
    };
  }

  public static void main(String[] arguments) throws IOException {
    RxJavaHooks.setOnComputationScheduler(usual -> scheduler);
    Now.read = () -> Recording.START / 1_000_000 + scheduler.now();
    Recording.moves =
        time -> scheduler.advanceTimeTo(time - Recording.START, TimeUnit.NANOSECONDS);
    Recording.play(
        arguments[0],
        HEADER,
        seed -> {
          scheduler = new TestScheduler();
          HystrixDriver driver = new HystrixDriver("trace " + seed);
          return driver::ask;
        });
    System.exit(0);
  }
}
