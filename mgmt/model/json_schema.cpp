// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/json_schema.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "hal/base/number.h"
#include "mgmt/model/json.h"
#include "mgmt/model/schema.h"

namespace yoke::model {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kPrintable = "^[ -~]*$";
constexpr std::string_view kUrlPath = "^/[A-Za-z0-9/._~!$&'()*+,;=:@?%-]*$";
constexpr std::string_view kFile = "^/[!-~]*[!-.0-~]$";
constexpr std::string_view kNumberOrRange = "^[0-9]+(-[0-9]+)?$";
constexpr std::string_view kDuration = "^[0-9]+(ms|s|m|h)?$";
constexpr std::string_view kPrefix = "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$";
constexpr std::string_view kInterfaceAddress = "^[0-9A-Fa-f:.]+/[0-9]{1,3}$";
constexpr std::string_view kEndpoint = "^(\\[[0-9A-Fa-f:.]+\\]|[0-9.]+):[0-9]{1,5}$";
constexpr std::string_view kServiceAddress =
    "^(\\[[0-9A-Fa-f:.]+\\]|[0-9.]+):[0-9]{1,5}/(tcp|udp)$";

constexpr std::string_view kHeader = "^[^ ,:]+:[^,]*[^ ,][^,]*$";
constexpr std::string_view kDomainName = "^([A-Za-z0-9_-]{1,63}\\.)*[A-Za-z0-9_-]{1,63}\\.?$";
constexpr std::string_view kDomainNameOrRoot =
    "^(\\.|([A-Za-z0-9_-]{1,63}\\.)*[A-Za-z0-9_-]{1,63}\\.?)$";

constexpr std::string_view kHost =
    "^([0-9A-Fa-f:.]+|([A-Za-z0-9-]{1,63}\\.)*[A-Za-z0-9-]{1,63}\\.?)$";
constexpr std::string_view kTimeZone = "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z][A-Za-z0-9_+-]*)*$";
constexpr std::string_view kSshKey = "^ *[a-z][a-z0-9@.-]+ +[A-Za-z0-9+/]+={0,2}( [ -~]*)?$";

constexpr std::string_view kDevice =
    "^(pci:[0-9A-Fa-f]{4}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\\.[0-7]|(af_xdp|af_packet|tap):[^ "
    "/:,=#]{1,15})$";

Json text_like(std::string_view pattern) { return {{"type", "string"}, {"pattern", pattern}}; }

Json name(const Field& field) {
  return text_like(fmt::format("^[A-Za-z][A-Za-z0-9._-]{{0,{}}}$", field.max - 1));
}

// "http", and "http:admin".
std::string named(std::string_view choice, const Field& key) {
  return fmt::format("^{}(:[A-Za-z][A-Za-z0-9._-]{{0,{}}})?$", choice, key.max - 1);
}

Json integer(const Field& field) {
  Json range = {{"type", "integer"}, {"minimum", field.min}, {"maximum", field.max}};
  if (!field.zero || field.min == 0) return range;
  return {{"anyOf", Json::array({Json{{"const", 0}}, std::move(range)})}};
}

Json sized(Json text, const Field& field) {
  text["minLength"] = field.min;
  text["maxLength"] = field.max;
  return text;
}

Json part(const Field& field) {
  switch (field.type) {
    case FieldType::kName:
    case FieldType::kReference:
      return name(field);
    case FieldType::kText:
      return sized(text_like(kPrintable), field);
    case FieldType::kPath:
      return sized(text_like(kUrlPath), field);
    case FieldType::kFile:
      return sized(text_like(kFile), field);
    case FieldType::kInteger:
      return integer(field);
    case FieldType::kIntegerRange:
      return text_like(kNumberOrRange);
    case FieldType::kDuration:
      return text_like(kDuration);
    case FieldType::kFlag:
      return {{"type", "boolean"}};
    case FieldType::kChoice:
      return {{"enum", Json::array_t(field.choices.begin(), field.choices.end())}};
    case FieldType::kAddress:
      return {{"type", "string"},
              {"anyOf", Json::array({Json{{"format", "ipv4"}}, Json{{"format", "ipv6"}}})}};
    case FieldType::kPrefix:
      return text_like(kPrefix);
    case FieldType::kInterfaceAddress:
      return text_like(kInterfaceAddress);
    case FieldType::kEndpoint:
      return text_like(kEndpoint);
    case FieldType::kServiceAddress:
      return text_like(kServiceAddress);
    case FieldType::kChoiceOrInteger:
      return {
          {"anyOf",
           Json::array({Json{{"enum", Json::array_t(field.choices.begin(), field.choices.end())}},
                        text_like("^[0-9]+$")})}};
    case FieldType::kBytes:
      return sized(text_like(kPrintable), field);
    case FieldType::kHeader:
      return text_like(kHeader);
    case FieldType::kDomainName:
      return text_like(field.zero ? kDomainNameOrRoot : kDomainName);
    case FieldType::kHost:
      return text_like(kHost);
    case FieldType::kTimeZone:
      return sized(text_like(kTimeZone), field);
    case FieldType::kSshKey:
      return sized(text_like(kSshKey), field);
    case FieldType::kDevice:
      return text_like(kDevice);
    case FieldType::kNamedChoice:  // of keys alone
      break;
  }
  return Json::object();
}

Json default_of(const Field& field) {
  const auto number = parse_decimal(field.default_value);
  if (field.type == FieldType::kInteger && number) return *number;
  if (field.type == FieldType::kFlag) return field.default_value == "yes";
  return field.default_value;
}

Json property(const Field& field) {
  Json value = part(field);
  if (field.list) {
    value = {
        {"type", "array"}, {"items", std::move(value)}, {"minItems", 1}, {"uniqueItems", true}};
  }
  value["description"] = fmt::format("{} ({})", field.help, describe(field));
  if (!field.default_value.empty() && !field.list) value["default"] = default_of(field);
  return value;
}

Json records_of(const RecordType& type);

Json children_of(std::string_view kind, Json properties) {
  for (const RecordType& below : schema()) {
    if (below.parent == kind) properties[std::string(below.kind)] = records_of(below);
  }
  return properties;
}

// A record, by its key where that decides which fields it has.
Json record(const RecordType& type, std::string_view key) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const Field& field : type.fields) {
    if (!applies(field, key)) continue;
    properties[std::string(field.name)] = property(field);
    if (field.required) required.push_back(field.name);
  }
  Json object = {{"type", "object"},
                 {"description", type.help},
                 {"properties", children_of(type.kind, std::move(properties))},
                 {"additionalProperties", false}};
  if (!required.empty()) object["required"] = std::move(required);
  return object;
}

Json records_of(const RecordType& type) {
  if (type.single) return record(type, "");
  Json all = {{"type", "object"}, {"description", fmt::format("By {}", type.key.name)}};
  if (type.key.type == FieldType::kNamedChoice) {
    for (const std::string_view key : type.key.choices) {
      all["patternProperties"][named(key, type.key)] = record(type, key);
    }
    all["additionalProperties"] = false;
    return all;
  }
  all["propertyNames"] = part(type.key);
  all["additionalProperties"] = record(type, "");
  return all;
}

}  // namespace

Json json_schema() {
  Json properties = {{"schema", Json{{"const", kSchemaName}}}};
  return {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
          {"title", "Configuration of a Yoke unit"},
          {"type", "object"},
          {"required", Json::array({"schema"})},
          {"properties", children_of("", std::move(properties))},
          {"additionalProperties", false}};
}

}  // namespace yoke::model
