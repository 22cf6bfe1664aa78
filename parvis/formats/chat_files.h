#ifndef PARVIS_FORMATS_CHAT_FILES_H_
#define PARVIS_FORMATS_CHAT_FILES_H_

#include <string>

#include "parvis/core/json.h"
#include "parvis/core/status.h"

namespace parvis::formats {

// Puts into a folder's tokenizer_config.json what stands in files of its own: chat_template.jinja,
// additional_chat_templates/NAME.jinja, and the ids of generation_config.json's eos_token_id (as
// "end_token_ids"). Files that are not there add nothing.
Status AddChatFiles(const std::string& folder, Json& config);

}  // namespace parvis::formats

#endif  // PARVIS_FORMATS_CHAT_FILES_H_
