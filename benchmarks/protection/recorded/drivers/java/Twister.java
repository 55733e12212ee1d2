// SPDX-License-Identifier: Apache-2.0
package recording;

/** C++'s std::mt19937_64: of the same seed come the same draws. */
public final class Twister {
  private final long[] state = new long[312];
  private int index = 312;

  public Twister(long seed) {
    state[0] = seed;
    for (int i = 1; i < 312; i++) {
      state[i] = 6364136223846793005L * (state[i - 1] ^ (state[i - 1] >>> 62)) + i;
    }
  }

  public long next() {
    if (index == 312) {
      for (int i = 0; i < 312; i++) {
        long y = (state[i] & 0xFFFFFFFF80000000L) | (state[(i + 1) % 312] & 0x7FFFFFFFL);
        state[i] = state[(i + 156) % 312] ^ (y >>> 1) ^ ((y & 1) != 0 ? 0xB5026F5AA96619E9L : 0);
      }
      index = 0;
    }
    long x = state[index++];
    x ^= (x >>> 29) & 0x5555555555555555L;
    x ^= (x << 17) & 0x71D67FFFEDA60000L;
    x ^= (x << 37) & 0xFFF7EEE000000000L;
    return x ^ (x >>> 43);
  }

  /** From 0 to less than 1. */
  public double nextDouble() {
    return (next() >>> 11) * 0x1p-53;
  }

  /** From one number to less than another. */
  public double nextDouble(double from, double to) {
    return from + nextDouble() * (to - from);
  }
}
