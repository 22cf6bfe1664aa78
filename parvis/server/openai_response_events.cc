#include "parvis/server/openai_response_events.h"

#include <fmt/format.h>

#include "parvis/server/openai_json.h"

namespace parvis::server {

void ResponseEvents::Say(const char* type, const OrderedJson& facts) {
  if (!write_) return;
  const int64_t number = next_++;
  if (number <= after_) return;
  OrderedJson event = {{"type", type}, {"sequence_number", number}};
  event.update(facts);
  write_(fmt::format("event: {}\n", type) + Event(event));
}

void ResponseEvents::TextBegins(const OrderedJson& item) {
  Say("response.output_item.added", {{"output_index", 0}, {"item", item}});
  Say("response.content_part.added", {{"item_id", item["id"]},
                                      {"output_index", 0},
                                      {"content_index", 0},
                                      {"part", ResponseText("", OrderedJson::array())}});
}

void ResponseEvents::TextGrows(const OrderedJson& id, const std::string& text,
                               const OrderedJson& logprobs) {
  Say("response.output_text.delta", {{"item_id", id},
                                     {"output_index", 0},
                                     {"content_index", 0},
                                     {"delta", text},
                                     {"logprobs", logprobs}});
}

void ResponseEvents::TextEnds(const OrderedJson& item) {
  const OrderedJson& part = item["content"][0];
  Say("response.output_text.done", {{"item_id", item["id"]},
                                    {"output_index", 0},
                                    {"content_index", 0},
                                    {"text", part["text"]},
                                    {"logprobs", part["logprobs"]}});
  Say("response.content_part.done",
      {{"item_id", item["id"]}, {"output_index", 0}, {"content_index", 0}, {"part", part}});
  Say("response.output_item.done", {{"output_index", 0}, {"item", item}});
}

void ResponseEvents::Calls(size_t index, const OrderedJson& item) {
  OrderedJson begun = item;
  begun["status"] = "in_progress";
  begun["arguments"] = "";
  Say("response.output_item.added", {{"output_index", index}, {"item", std::move(begun)}});
  Say("response.function_call_arguments.delta",
      {{"item_id", item["id"]}, {"output_index", index}, {"delta", item["arguments"]}});
  Say("response.function_call_arguments.done", {{"item_id", item["id"]},
                                                {"name", item["name"]},
                                                {"output_index", index},
                                                {"arguments", item["arguments"]}});
  Say("response.output_item.done", {{"output_index", index}, {"item", item}});
}

void ResponseEvents::Replay(const OrderedJson& response) {
  OrderedJson begun = response;
  begun["status"] = "in_progress";
  begun["error"] = begun["incomplete_details"] = begun["usage"] = nullptr;
  begun["output"] = OrderedJson::array();
  begun.erase("completed_at");
  Say("response.created", {{"response", begun}});
  Say("response.in_progress", {{"response", begun}});
  for (size_t i = 0; i < response["output"].size(); ++i) {
    const OrderedJson& item = response["output"][i];
    if (item["type"] != "message") {
      Calls(i, item);
      continue;
    }
    OrderedJson empty = item;
    empty["status"] = "in_progress";
    empty["content"] = OrderedJson::array();
    TextBegins(empty);
    const OrderedJson& part = item["content"][0];
    if (const auto text = part["text"].get<std::string>(); !text.empty()) {
      TextGrows(item["id"], text, part["logprobs"]);
    }
    TextEnds(item);
  }
  const std::string last = "response." + response["status"].get<std::string>();
  Say(last.c_str(), {{"response", response}});
}

OrderedJson ResponseText(const std::string& text, OrderedJson logprobs) {
  return {{"type", "output_text"},
          {"annotations", OrderedJson::array()},
          {"logprobs", std::move(logprobs)},
          {"text", text}};
}

}  // namespace parvis::server
