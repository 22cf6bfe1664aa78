// /v1/files: what batches read, and what they come to.

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "parvis/core/clock.h"
#include "parvis/server/api.h"
#include "parvis/server/multipart.h"
#include "parvis/server/openai_json.h"
#include "parvis/server/openai_route.h"
#include "parvis/server/query.h"
#include "parvis/service/file_pieces.h"

namespace parvis::server {
namespace {

using service::Invalid;
using service::OrRefusal;
using service::Refusal;
using service::StoredFile;

constexpr size_t kMaxUploadBytes = size_t{64} << 20;
constexpr int64_t kMinExpiry = 3600, kMaxExpiry = 30 * 86'400;  // seconds
// The form's fields, for the OpenAPI document.
constexpr std::string_view kPurposes[] = {"batch"};
constexpr std::string_view kAnchors[] = {"created_at"};
constexpr Field kFormFields[] = {
    {"file", String(kMaxUploadBytes), Presence::kRequired},
    {"purpose", Among(kPurposes), Presence::kRequired},
    {"expires_after[anchor]", Among(kAnchors)},
    {"expires_after[seconds]", Integer(kMinExpiry, kMaxExpiry)},
};
constexpr Shape kForm = Object(kFormFields);

OrderedJson FileJson(const StoredFile& file) {
  OrderedJson json = {{"id", file.id},
                      {"object", "file"},
                      {"bytes", file.bytes},
                      {"created_at", file.created_ms / 1000}};
  if (file.expires_ms) json["expires_at"] = *file.expires_ms / 1000;
  json["filename"] = file.name;
  json["purpose"] = file.purpose;
  json["status"] = "processed";
  json["status_details"] = nullptr;
  return json;
}

// A name for people: without folders and what a header could not hold.
std::string NameOf(const std::string& told) {
  std::string name = told.substr(told.find_last_of("/\\") + 1);
  for (char& c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '_';
  }
  return name.empty() ? "upload" : name;
}

struct Upload {
  std::string name, purpose;
  std::string_view content;
  std::optional<int64_t> expires_seconds;
};

OrRefusal<Upload> ReadUpload(std::string_view content_type, std::string_view body) {
  auto parts = ParseMultipart(content_type, body);
  if (!parts.ok()) return parts.refusal();
  Upload upload;
  bool has_file = false, has_anchor = false;
  for (const FormPart& part : *parts) {
    if (part.name == "file") {
      has_file = true;
      upload.name = NameOf(part.file_name);
      upload.content = part.content;
    } else if (part.name == "purpose") {
      upload.purpose = part.content;
    } else if (part.name == "expires_after[anchor]") {
      if (part.content != "created_at") {
        return Invalid("expires_after", "'expires_after.anchor' must be 'created_at'.");
      }
      has_anchor = true;
    } else if (part.name == "expires_after[seconds]") {
      int64_t seconds = 0;
      const char* const end = part.content.data() + part.content.size();
      const auto read = std::from_chars(part.content.data(), end, seconds);
      if (read.ec != std::errc() || read.ptr != end || seconds < kMinExpiry ||
          seconds > kMaxExpiry) {
        return Invalid(
            "expires_after",
            fmt::format("'expires_after.seconds' must be from {} to {}.", kMinExpiry, kMaxExpiry));
      }
      upload.expires_seconds = seconds;
    } else {
      return Invalid(part.name.substr(0, 64),
                     fmt::format("There is no field '{}' here.", part.name.substr(0, 64)),
                     "unknown_parameter");
    }
  }
  if (!has_file) return Invalid("file", "'file' is missing.", "missing_required_parameter");
  if (upload.purpose != "batch") {
    return Invalid("purpose", "'purpose' must be 'batch': Parvis keeps files for nothing else yet.",
                   "invalid_value");
  }
  if (has_anchor != upload.expires_seconds.has_value()) {
    return Invalid("expires_after", "'expires_after' needs 'anchor' and 'seconds'.");
  }
  if (upload.content.empty()) return Invalid("file", "The file is empty.", "empty_file");
  return upload;
}

void AddFile(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  const std::string_view body = request.large_body.empty() ? request.body : request.large_body;
  const auto upload = ReadUpload(request.Header("content-type"), body);
  if (!upload.ok()) return Refuse(request, to, upload.refusal());
  std::optional<int64_t> expires_ms;
  if (upload->expires_seconds) expires_ms = WallClockMs() + *upload->expires_seconds * 1000;
  const auto file =
      api.files->Add(request.caller, upload->name, upload->purpose, upload->content, expires_ms);
  if (!file.ok()) return Refuse(request, to, file.refusal());
  to->Send({.body = Dump(FileJson(*file))});
}

void ListFiles(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  const auto page = ReadPage(request.query, 10'000, 10'000, {"after", "limit", "order", "purpose"});
  if (!page.ok()) return Refuse(request, to, page.refusal());
  const auto files =
      api.files->List(request.caller, QueryValue(request.query, "purpose").value_or(""), *page);
  if (!files.ok()) return Refuse(request, to, files.refusal());
  OrderedJson list = {{"object", "list"}, {"data", OrderedJson::array()}};
  for (const StoredFile& file : files->items) list["data"].push_back(FileJson(file));
  const bool none = files->items.empty();
  list["first_id"] = none ? OrderedJson() : OrderedJson(files->items.front().id);
  list["last_id"] = none ? OrderedJson() : OrderedJson(files->items.back().id);
  list["has_more"] = files->more;
  to->Send({.body = Dump(list)});
}

void OneFile(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  const auto file = api.files->Find(request.caller, request.captures[0]);
  if (!file.ok()) return Refuse(request, to, file.refusal());
  to->Send({.body = Dump(FileJson(*file))});
}

void FileContent(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  const auto file = api.files->Find(request.caller, request.captures[0]);
  if (!file.ok()) return Refuse(request, to, file.refusal());
  auto body = std::make_shared<PulledBody>();
  body->bytes = file->bytes;
  body->read = [files = api.files, caller = request.caller, id = file->id,
                at = int64_t{0}]() mutable -> Result<std::string> {
    auto piece = files->ReadAt(caller, id, at, service::kPieceBytes);
    if (!piece.ok()) return Status(StatusCode::kUnavailable, piece.refusal().message);
    at += static_cast<int64_t>(piece->size());
    return std::move(*piece);
  };
  to->Send({.content_type = "application/octet-stream", .pulled = std::move(body)});
}

void RemoveFile(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  const auto refusal = api.files->Remove(request.caller, request.captures[0]);
  if (refusal) return Refuse(request, to, *refusal);
  to->Send({.body = Dump({{"id", request.captures[0]}, {"object", "file"}, {"deleted", true}})});
}

}  // namespace

void AddOpenAiFiles(const Api& api, std::vector<Route>& routes) {
  Route add = OpenAiRoute(api, "POST", "/v1/files", "Upload a file", &AddFile);
  add.body = &kForm;
  add.max_body_bytes = kMaxUploadBytes + (size_t{64} << 10);
  add.body_type = "multipart/form-data";
  add.takes_large_body = true;
  add.feature = service::Feature::kFiles;
  routes.push_back(std::move(add));
  routes.push_back(OpenAiRoute(api, "GET", "/v1/files", "Which files there are", &ListFiles));
  routes.push_back(OpenAiRoute(api, "GET", "/v1/files/{file}", "One file", &OneFile));
  routes.push_back(OpenAiRoute(api, "DELETE", "/v1/files/{file}", "Remove a file", &RemoveFile));
  routes.push_back(
      OpenAiRoute(api, "GET", "/v1/files/{file}/content", "What a file holds", &FileContent));
}

}  // namespace parvis::server
