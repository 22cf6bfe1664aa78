#ifndef PARVIS_SERVER_OPENAI_RESPONSE_EVENTS_H_
#define PARVIS_SERVER_OPENAI_RESPONSE_EVENTS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "parvis/core/json.h"

namespace parvis::server {

// The events that tell of an answer of /v1/responses, as it grows or again later. They are numbered
// from 0; says nothing until there is somebody to say it to.
class ResponseEvents {
 public:
  // `write` takes the bytes of an event; those up to the number `after` are not said.
  void To(std::function<void(std::string)> write, int64_t after = -1) {
    write_ = std::move(write);
    after_ = after;
  }

  void Say(const char* type, const OrderedJson& facts);

  // The one text of an answer: `item` as it begins (without content), pieces, `item` as it is.
  void TextBegins(const OrderedJson& item);
  void TextGrows(const OrderedJson& id, const std::string& text, const OrderedJson& logprobs);
  void TextEnds(const OrderedJson& item);
  // A call, which is told when it is whole.
  void Calls(size_t index, const OrderedJson& item);
  // All of an answer that is over.
  void Replay(const OrderedJson& response);

 private:
  std::function<void(std::string)> write_;
  int64_t after_ = -1, next_ = 0;
};

// A part of a text item.
OrderedJson ResponseText(const std::string& text, OrderedJson logprobs);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_OPENAI_RESPONSE_EVENTS_H_
