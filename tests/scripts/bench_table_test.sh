#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# bench_table_test.sh <root of the sources>: tools/bench-table takes medians over runs and
# repetitions, puts what is compared into columns, and compares with the best other breaker.
set -euo pipefail
root=$1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
header='name,iterations,real_time,cpu_time,time_unit,bytes_per_second,items_per_second,label,error_occurred,error_message'
cat > "$work/one.csv" << END
$header
"FloorAtomicAdd/real_time/threads:1",9,5,5,ns,,,,,
"FloorCacheMiss/13/real_time",9,100,5,ns,,,,,
"Permitted/count_window/real_time/threads:1",9,7,7,ns,,,,,
"Permitted/count_window/real_time/threads:1",9,900,7,ns,,,,,
"Permitted/count_window/real_time/threads:2",9,4,4,ns,,,,,
"Permitted/count_window/real_time/threads:1_mean",2,453,7,ns,,,,,
"Permitted<MutexBreaker>/count_window/real_time/threads:1",9,16,7,ns,,,,,
"Permitted<MutexBreaker>/count_window/real_time/threads:2",9,80,7,ns,,,,,
"Permitted<Recorder>/count_window/real_time/threads:1",9,1,7,ns,,,,,
"PermittedWithFailures/count_window_1_of_10/real_time/threads:1",9,20,7,ns,,,,,
"Permitted<other>/count_window_1_of_10/real_time/threads:1",9,,,,,,,true,"a call was rejected"
"Permitted<MutexBreaker>/count_window_1_of_10/real_time/threads:1",9,40,7,ns,,,,,
"OneOfMany/10000/real_time",9,250,7,ns,,,,,
"List/100000/real_time",9,40000000,7,ns,,,,,
END
cat > "$work/two.csv" << END
"Permitted/count_window/real_time/threads:1",9,8,8,ns
"Permitted<other>/count_window/real_time/threads:1",9,10,8,ns
"Bytes/called",1,1318,1318,B
"Bytes<MutexBreaker>/called",1,176,176,B
END
cat > "$work/expected" << 'END'
| ns a call, at 1 / 2 / 4 / 8 threads | Fusebox | one mutex, ring of 100 | recorder alone | other | Fusebox / the best other breaker | at 1 thread, in floors |
|---|---|---|---|---|---|---|
| permitted, success; `CountWindow{100}` | 8.0 / 4.0 | 16.0 / 80.0 | 1.0 | 10.0 | 0.80 / 0.05 | 1.60 atomic adds |
| permitted, one of 10 fails; `CountWindow{100}` | 20.0 | 40.0 |  | failed | 0.50 | 4.00 atomic adds |
| permitted, success; one of 10,000 circuits at random | 250 |  |  |  |  | 2.50 loads in 13 MiB |
| `List()` of 100,000 circuits, **ms** | 40.0 |  |  |  |  |  |
| a circuit that one thread has called, **bytes** | 1,318 | 176 |  |  | 7.49 |  |

| floors | ns, at 1 / 2 / 4 / 8 threads |
|---|---|
| a shared atomic add | 5.0 |
| a dependent load, somewhere in 13 MiB | 100 |
END
python3 -B "$root/tools/bench-table" "$work/one.csv" "$work/two.csv" | diff "$work/expected" -

# No figures are no table.
if python3 -B "$root/tools/bench-table" /dev/null > "$work/out" 2>&1; then
  echo "FAILED: nothing to read is no failure"
  exit 1
fi
grep -q "no figures" "$work/out"
