#ifndef PARVIS_SERVER_MULTIPART_H_
#define PARVIS_SERVER_MULTIPART_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/service/refusal.h"

namespace parvis::server {

// One field of a form.
struct FormPart {
  std::string name;
  std::string file_name;     // empty: a plain field
  std::string_view content;  // within the body
};

// Reads a multipart/form-data body (RFC 7578), whole and strictly: every part is closed, the body
// ends with the last boundary, names are told once, at most 32 parts and 8 KiB of headers of a
// part. `body` must outlive what is returned.
service::OrRefusal<std::vector<FormPart>> ParseMultipart(std::string_view content_type,
                                                         std::string_view body);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_MULTIPART_H_
