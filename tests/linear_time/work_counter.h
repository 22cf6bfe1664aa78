#ifndef TESTS_LINEAR_TIME_WORK_COUNTER_H_
#define TESTS_LINEAR_TIME_WORK_COUNTER_H_

#include <cstdint>

namespace parvis {

// Work done so far by the code that is compiled with -fsanitize-coverage=trace-pc: one for each
// basic block that is run, and one for each 16 bytes that are copied, filled, compared or searched
// by the C library. The same for the same input on every machine and at every load, which no clock
// is. One thread only.
uint64_t WorkDone();

}  // namespace parvis

#endif  // TESTS_LINEAR_TIME_WORK_COUNTER_H_
