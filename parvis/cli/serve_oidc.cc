#include "parvis/cli/serve_oidc.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "parvis/cli/read_secret.h"
#include "parvis/core/toml_reader.h"
#include "parvis/net/http_client.h"

namespace parvis::cli {
namespace {

constexpr size_t kMaxReply = size_t{256} << 10;

Status CheckUrl(const std::string& text) {
  PARVIS_ASSIGN_OR_RETURN(const net::Url url, net::ParseUrl(text));
  const bool loopback =
      url.host == "localhost" || url.host == "[::1]" || url.host.starts_with("127.");
  const auto plain = [](unsigned char c) { return c > 0x20 && c < 0x7f; };
  if (url.scheme != "https" && !loopback) {
    return InvalidArgument("an address must be https; http on this machine only");
  }
  if (!std::all_of(text.begin(), text.end(), plain) || text.find('#') != std::string::npos) {
    return InvalidArgument("an address is written wrong");
  }
  return {};
}

Result<service::OidcReply> Send(const service::OidcCall& call) {
  net::HttpCall http{.url = call.url, .headers = {{"accept", "application/json"}}};
  http.connect_time = std::chrono::seconds(5);
  http.whole_time = std::chrono::seconds(10);
  http.max_body = kMaxReply;
  if (!call.form.empty()) {
    http.method = "POST";
    http.headers.emplace_back("content-type", "application/x-www-form-urlencoded");
    http.body = call.form;
  }
  if (!call.authorization.empty()) http.headers.emplace_back("authorization", call.authorization);
  auto reply = net::Send(http);
  // Not in whose words: they may name what nobody outside should see.
  if (!reply.ok()) return Status(StatusCode::kUnavailable, "the provider cannot be reached");
  return service::OidcReply{reply->status, std::move(reply->body)};
}

bool IsProviderName(const std::string& name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !name.empty() && name.size() <= 32 && std::all_of(name.begin(), name.end(), plain);
}

void ReadOne(TomlReader& table, OidcOptions& one) {
  service::OidcSettings& s = one.settings;
  s.issuer = table.Text("issuer", "");
  s.client_id = table.Text("client_id", "");
  one.secret_file = table.Text("client_secret_file", "");
  s.scopes = table.Text("scopes", s.scopes);
  s.organisation = table.Text("organisation", s.organisation);
  s.name_claim = table.Text("name_claim", s.name_claim);
  s.require_claim = table.Text("require_claim", "");
  s.require_value = table.Text("require_value", "");
  s.new_users = table.OneOf("new_users", "refuse", {"refuse", "create"}) == "create";
  const auto role = governance::RoleNamed(table.OneOf(
      "new_role", std::string(governance::RoleName(s.new_role)), governance::RoleNames()));
  if (role.ok()) s.new_role = *role;
  s.new_group = table.Text("new_group", "");
  if (const Status status = CheckUrl(s.issuer); s.issuer.empty() || !status.ok()) {
    table.Refuse("issuer", s.issuer.empty() ? "https://…, as it calls itself" : status.message());
  }
  if (s.client_id.empty()) table.Refuse("client_id", "what this server is called there");
  if (s.require_claim.empty() != s.require_value.empty()) {
    table.Refuse("require_claim", "require_claim and require_value: one needs the other");
  }
  if ((" " + s.scopes + " ").find(" openid ") == std::string::npos) {
    table.Refuse("scopes", "must have openid");
  }
}

}  // namespace

Status ReadOidcTables(TomlReader& top, const std::string& file, std::vector<OidcOptions>& all) {
  const toml::table* const tables = top.Table("oidc");
  TomlReader reader(tables, file, "oidc");
  if (tables == nullptr) return {};
  for (const auto& [key, value] : *tables) {
    OidcOptions one;
    one.settings.name = std::string(key.str());
    if (!IsProviderName(one.settings.name)) {
      reader.Refuse(one.settings.name, "is no name: small letters, digits and - make one");
    }
    TomlReader table(reader.Table(one.settings.name), file, "oidc." + one.settings.name);
    ReadOne(table, one);
    PARVIS_RETURN_IF_ERROR(table.Finish());
    all.push_back(std::move(one));
  }
  return reader.Finish();
}

bool SameOidc(const std::vector<OidcOptions>& a, const std::vector<OidcOptions>& b) {
  const auto all = [](const OidcOptions& o) {
    const service::OidcSettings& s = o.settings;
    return std::tie(s.name, s.issuer, s.client_id, s.scopes, s.organisation, s.name_claim,
                    s.require_claim, s.require_value, s.new_users, s.new_role, s.new_group,
                    o.secret_file);
  };
  const auto same = [&](const OidcOptions& x, const OidcOptions& y) { return all(x) == all(y); };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

Result<std::vector<service::OidcSettings>> OidcSettingsOf(const std::vector<OidcOptions>& all,
                                                          const std::string& master_key) {
  std::vector<service::OidcSettings> settings;
  for (const OidcOptions& one : all) {
    settings.push_back(one.settings);
    const std::string name = "oidc." + one.settings.name;
    auto secret = ReadSecret(name, "", one.secret_file, master_key);
    if (!secret.ok()) return secret.status().In(name + ": client_secret_file");
    settings.back().client_secret = *std::move(secret);
  }
  return settings;
}

Status CheckOidc(const std::vector<service::OidcSettings>& all, governance::Directory& directory) {
  for (const service::OidcSettings& one : all) {
    const auto check = [&]() -> Status {
      PARVIS_ASSIGN_OR_RETURN(const auto of, directory.FindOrganisation(one.organisation));
      return one.new_group.empty() ? Status() : directory.FindGroup(of.id, one.new_group).status();
    };
    PARVIS_RETURN_IF_ERROR(check().In("oidc." + one.name));
  }
  return {};
}

service::OidcNetwork OidcNetworkOf() { return {.send = &Send, .check = &CheckUrl}; }

}  // namespace parvis::cli
