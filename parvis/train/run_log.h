#ifndef PARVIS_TRAIN_RUN_LOG_H_
#define PARVIS_TRAIN_RUN_LOG_H_

#include <fstream>
#include <string>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/core/result.h"

namespace parvis::train {

// log.jsonl of a run: one object a line, in the order of steps, each with a "step". Lines:
//   {"step":10,"tokens":163840,"loss":5.1,"learning_rate":0.002,"grad_norm":0.9,
//    "tokens_per_second":6100.0,"seconds":26.9}
//   {"step":100,"eval":[{"name":"fr.jsonl","loss":…,"bits_per_byte":…,"tokens":…,"bytes":…}]}
class RunLog {
 public:
  // Keeps the lines up to `last_step` of a log that is there (a resumed run writes the later ones
  // again) and drops a line that was cut short.
  static Result<RunLog> Open(const std::string& path, int64_t last_step);

  // Writes one line and flushes it.
  Status Append(const OrderedJson& line);
  const std::vector<Json>& lines() const { return lines_; }

 private:
  std::string path_;
  std::ofstream file_;
  std::vector<Json> lines_;
};

// The lines of a log, as far as they can be read.
Result<std::vector<Json>> ReadRunLog(const std::string& path);

// Loss against tokens: training and every evaluated file; `compared` (a log, may be empty) under
// `compared_name` in the same picture.
std::string LossPlot(const std::string& title, const std::vector<Json>& lines,
                     const std::string& compared_name, const std::vector<Json>& compared);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_RUN_LOG_H_
