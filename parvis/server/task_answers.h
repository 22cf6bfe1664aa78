#ifndef PARVIS_SERVER_TASK_ANSWERS_H_
#define PARVIS_SERVER_TASK_ANSWERS_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "parvis/server/api.h"
#include "parvis/server/openai_json.h"
#include "parvis/service/task.h"

// What Parvis's own routes share: a body becomes a task, and what that comes to the answer
// {"id", "model", …, "usage"}.
namespace parvis::server {

// The task that a body, which fits the route's shape, asks for.
using MakeTask =
    std::function<service::OrRefusal<std::unique_ptr<service::Task>>(const Json& body)>;

// A task of the kind T that does what `spec` says.
template <typename T, typename Spec>
std::unique_ptr<service::Task> TaskOf(Spec spec) {
  return std::make_unique<T>(std::move(spec));
}

// Who takes what the task comes to and writes it.
using MakeReceiver = std::function<std::shared_ptr<service::Receiver>(
    const Json& body, const std::string& request_id, const std::shared_ptr<Responder>& to)>;

// A POST route for it. `shape` lives for ever. Without `receive` the answer is a task's, as above.
Route TaskRoute(const Api& api, std::string pattern, std::string summary, const Shape& shape,
                MakeTask make, MakeReceiver receive = nullptr);

// A text, or several.
inline constexpr size_t kMaxTaskTexts = 2048;
inline constexpr Shape kTaskText = String(kMaxText, 1);
inline constexpr Shape kTaskTextShapes[] = {kTaskText, Array(kTaskText, 1, kMaxTaskTexts)};
inline constexpr Shape kTaskTexts = OneOf(kTaskTextShapes);
std::vector<std::string> TextsOf(const Json& texts);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_TASK_ANSWERS_H_
