// SPDX-License-Identifier: Apache-2.0
#include "environment/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include "base/duration.h"
#include "base/size.h"
#include "base/words.h"

namespace environment {

namespace {

using base::ErrorKind;
using base::Result;

std::vector<std::string_view> words_of(std::string_view list) {
    std::vector<std::string_view> words;
    while (!list.empty()) {
        const auto blank = std::min(list.find(' '), list.size());
        if (blank > 0) words.push_back(list.substr(0, blank));
        list.remove_prefix(std::min(blank + 1, list.size()));
    }
    return words;
}

tl::unexpected<base::Error> unfit(std::string_view value, std::string hint) {
    return base::fail(ErrorKind::invalid_input, fmt::format("'{}' cannot be the value", value),
                      std::move(hint));
}

std::optional<int> parse_number(std::string_view text) {
    int number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

Result<void> check_host(std::string_view value) {
    const bool clean = is_clean_utf8(value) && value.find(' ') == std::string_view::npos &&
                       value.find(',') == std::string_view::npos && value.find('/') != 0;
    if (clean && value.size() <= 255) return {};
    return unfit(value, "one host name or address that applications can reach");
}
Result<void> check_port(std::string_view value) {
    const auto port = parse_number(value);
    if (port && *port > 0 && *port < 65536) return {};
    return unfit(value, "a port from 1 to 65535");
}
Result<void> check_sslmode(std::string_view value) {
    constexpr std::array k_modes{"disable", "allow",     "prefer",
                                 "require", "verify-ca", "verify-full"};
    if (std::ranges::find(k_modes, value) != k_modes.end()) return {};
    return unfit(value, "one of libpq's sslmode values: disable … verify-full");
}
Result<void> check_secrets(std::string_view value) {
    if (value == "none" || value == "aws" || value.starts_with("file:/")) return {};
    return unfit(value, "none, aws, or file:DIR with an absolute path");
}
Result<void> check_scrub(std::string_view value) {
    if (value == "warn" || value == "require" || value == "off") return {};
    return unfit(value, "warn, require or off");
}
Result<void> check_adopt(std::string_view value) {
    if (value == "proven" || value == "import" || value == "never") return {};
    return unfit(value, "proven, import or never");
}
Result<void> check_rotation(std::string_view value) {
    if (value == "off") return {};
    BASE_TRY_ASSIGN(const auto time, base::parse_duration(value));
    constexpr std::chrono::days k_longest(1000);  // AutomaticallyAfterDays of RotationRulesType
    const bool whole = time.count() % std::chrono::seconds(std::chrono::days(1)).count() == 0;
    if (whole && time >= std::chrono::days(1) && time <= k_longest) return {};
    return unfit(value, "off, or 1d to 1000d");
}
Result<void> check_list(std::string_view value) {
    if (is_clean_utf8(value)) return {};
    return unfit(value, "words with blanks between them");
}

// Of Tag: keys to 128 and values to 256 characters, and nothing that begins with aws:.
Result<void> check_tags(std::string_view value) {
    BASE_TRY(check_list(value));
    for (const auto word : words_of(value)) {
        const auto equals = word.find('=');
        const bool fits = equals != std::string_view::npos && equals > 0 && equals <= 128 &&
                          word.size() - equals <= 257 && !word.starts_with("aws:");
        if (!fits) return unfit(value, "KEY=VALUE words with blanks between them");
    }
    return {};
}
Result<void> check_ttl(std::string_view value) {
    if (value == "none") return {};
    BASE_TRY(base::parse_duration(value));
    return {};
}
Result<void> check_budget(std::string_view value) {
    if (value == "none") return {};
    BASE_TRY(base::parse_size(value));
    return {};
}
Result<void> check_timeout(std::string_view value) {
    if (value == "off") return {};
    BASE_TRY_ASSIGN(const auto time, base::parse_duration(value));
    if (time <= std::chrono::days(24)) return {};
    return unfit(value, "off, or at most 24d: Postgres counts milliseconds in 31 bits");
}
Result<void> check_limit(std::string_view value) {
    const auto limit = parse_number(value);
    if (limit && *limit >= 1 && *limit <= 10000) return {};
    return unfit(value, "a number of connections, 1 or more");
}
Result<void> check_template(std::string_view value) {
    if (value == k_empty) return {};
    return check_template_name(value);
}
Result<void> check_builders(std::string_view value) {
    const auto number = parse_number(value);
    if (number && *number >= 1 && *number <= 64) return {};
    return unfit(value, "a number from 1 to 64");
}
Result<void> check_sweep_limit(std::string_view value) {
    if (value == "none") return {};
    const auto number = parse_number(value);
    if (number && *number >= 1) return {};
    return unfit(value, "a number of environments, 1 or more, or none");
}
std::string_view words_before_percent(std::string_view value) {
    return value.ends_with('%') ? value.substr(0, value.size() - 1) : std::string_view("none");
}
Result<void> check_sweep_share(std::string_view value) {
    if (value == "none") return {};
    const auto number = parse_number(words_before_percent(value));
    if (number && *number >= 1 && *number <= 100) return {};
    return unfit(value, "1% to 100%, or none");
}
Result<void> check_pattern(std::string_view value) {
    BASE_TRY(NamePattern::parse(value));
    return {};
}
constexpr std::array k_definitions{
    PolicyDefinition{"host", "", "the host that applications connect to", check_host},
    PolicyDefinition{"port", "5432", "the port that applications connect to", check_port},
    PolicyDefinition{"sslmode", "require", "the sslmode in URLs and secrets", check_sslmode},
    PolicyDefinition{"secrets", "none", "where secrets are put: none, file:DIR, or aws",
                     check_secrets},
    PolicyDefinition{"ttl", "30d", "how long an environment lives; create renews it; or none",
                     check_ttl},
    PolicyDefinition{"trash_window", "7d",
                     "how long what delete removed and reset replaced is kept; or none", check_ttl},
    PolicyDefinition{"sweep_grace", "24h",
                     "how long after its last create a sweep leaves one alone; or none", check_ttl},
    PolicyDefinition{"sweep_limit", "10", "environments that one sweep removes at most; or none",
                     check_sweep_limit},
    PolicyDefinition{"sweep_share", "20%", "and what share of the project's; or none",
                     check_sweep_share},
    PolicyDefinition{"disk_budget", "none", "how much disk all of ours may take, as in 50GB",
                     check_budget},
    PolicyDefinition{"template", "empty", "what new environments are cloned from; or empty",
                     check_template},
    PolicyDefinition{"extensions", "*",
                     "extensions that templates may have; * for what Postgres lets a role make",
                     check_list},
    PolicyDefinition{"scrub", "warn",
                     "a template from a dump without a scrub: warn, require or off", check_scrub},
    PolicyDefinition{"pool_builders", "4", "databases that are built ahead at the same time",
                     check_builders},
    PolicyDefinition{"connection_limit", "20", "connections that one environment may have",
                     check_limit},
    PolicyDefinition{"statement_timeout", "off", "default of an environment's sessions",
                     check_timeout},
    PolicyDefinition{"lock_timeout", "off", "default of an environment's sessions", check_timeout},
    PolicyDefinition{"idle_in_transaction_timeout", "1h", "default of an environment's sessions",
                     check_timeout},
    PolicyDefinition{"database_pattern", "{project}_{slug}", "names of databases", check_pattern},
    PolicyDefinition{"secret_pattern", "{project}_{slug}", "names in the secret store",
                     check_pattern},
    PolicyDefinition{"secret_tags", "", "tags of secrets in AWS: KEY=VALUE words", check_tags},
    PolicyDefinition{"secret_kms_key", "", "the KMS key of secrets in AWS; empty: AWS's own",
                     check_list},
    PolicyDefinition{"secret_rotation", "off", "how often AWS rotates secrets: off, or days (30d)",
                     check_rotation},
    PolicyDefinition{"rotation_function", "", "the Lambda that AWS rotates secrets with (its ARN)",
                     check_list},
    PolicyDefinition{"adopt", "proven",
                     "whether what another tool made is taken over: proven, import or never",
                     check_adopt},
    PolicyDefinition{"protected", "main master develop dev staging stage prod production",
                     "names that are protected from the start; * stands for any text", check_list},
    PolicyDefinition{"repositories", "", "the only ones admitted (host/owner/name); empty: all",
                     check_list},
};

const PolicyDefinition* find_definition(std::string_view key) {
    const auto* found = std::ranges::find(k_definitions, key, &PolicyDefinition::key);
    return found == k_definitions.end() ? nullptr : found;
}

// `*` stands for any text, everything else for itself.
bool matches(std::string_view pattern, std::string_view text) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) return pattern == text;
    if (!text.starts_with(pattern.substr(0, star))) return false;
    text.remove_prefix(star);
    const auto rest = pattern.substr(star + 1);
    for (;;) {
        if (matches(rest, text)) return true;
        if (text.empty()) return false;
        text.remove_prefix(1);
    }
}

}  // namespace

std::span<const PolicyDefinition> policy_definitions() { return k_definitions; }

Policy::Policy(std::vector<PolicyRow> rows) {
    auto settings = settings_of(rows);
    known_ = std::make_shared<const Known>(Known{std::move(rows), std::move(settings)});
}

const std::shared_ptr<const Policy::Known>& Policy::defaults() {
    static const auto k_defaults = std::make_shared<const Known>(Known{{}, settings_of({})});
    return k_defaults;
}

Policy Policy::from_rows(const Project& project, std::span<const PolicyRow> rows) {
    std::vector<PolicyRow> known;
    for (const auto& row : rows) {
        const bool own = row.project == project.text();
        const bool counts = own || row.project == k_every_project;
        if (!counts || find_definition(row.key) == nullptr) continue;
        const auto there = std::ranges::find(known, row.key, &PolicyRow::key);
        if (there == known.end()) {
            known.push_back(row);
        } else if (own) {
            *there = row;
        }
    }
    return Policy(std::move(known));
}

Result<Policy> Policy::read(const Project& project, std::span<const PolicyRow> rows) {
    auto policy = from_rows(project, rows);
    for (const auto& row : policy.known_->rows) {
        const auto checked = find_definition(row.key)->check(row.value);
        if (checked) continue;
        const bool everywhere = row.project == k_every_project;
        return base::fail(
            ErrorKind::conflict,
            fmt::format("cannot use the registry's policy of {}: {}: {}",
                        everywhere ? "every project" : "project " + row.project, row.key,
                        base::harmless(checked.error().message)),
            fmt::format("set a valid value ({}): reviewdb config set {}{}=VALUE",
                        checked.error().hint, everywhere ? "--all-projects " : "", row.key));
    }
    return policy;
}

std::vector<PolicyValue> Policy::values() const {
    std::vector<PolicyValue> values;
    for (const auto& [key, fallback, meaning, check] : k_definitions) {
        PolicyValue value{std::string(key), std::string(fallback), "default", meaning};
        const auto row = std::ranges::find(known_->rows, key, &PolicyRow::key);
        if (row != known_->rows.end()) {
            value.value = row->value;
            value.origin =
                row->project == k_every_project ? "every project" : "project " + row->project;
        }
        values.push_back(std::move(value));
    }
    return values;
}

Result<void> Policy::check(std::string_view key, std::string_view value) {
    const auto* definition = find_definition(key);
    if (definition == nullptr) {
        std::string known;
        for (const auto& one : k_definitions) known += fmt::format(" {}", one.key);
        return base::fail(ErrorKind::invalid_input, fmt::format("there is no policy '{}'", key),
                          "known are:" + known);
    }
    auto checked = definition->check(value);
    if (!checked) return base::fail(std::move(checked).error().during(key));
    return {};
}

std::string_view Policy::text_of(const std::vector<PolicyRow>& rows, std::string_view key) {
    const auto row = std::ranges::find(rows, key, &PolicyRow::key);
    if (row != rows.end()) return row->value;
    const auto* definition = find_definition(key);
    if (definition == nullptr) throw std::logic_error("no such policy: " + std::string(key));
    return definition->fallback;
}

Result<void> Policy::agree_with(const std::map<std::string, std::string>& claims) const {
    for (const auto& [key, claim] : claims) {
        if (find_definition(key) == nullptr || text_of(key) == claim) continue;
        return base::fail(
            ErrorKind::conflict,
            fmt::format("this call brings {} = '{}', but the policy of the project is '{}'", key,
                        claim, text_of(key)),
            fmt::format("policy holds for everyone: leave it out, or change it for all with "
                        "'reviewdb config set {}=VALUE'",
                        key));
    }
    return {};
}

int Policy::port() const { return parse_number(text_of("port")).value_or(5432); }
std::optional<std::int64_t> Policy::disk_budget() const {
    const auto size = base::parse_size(text_of("disk_budget"));
    return size ? std::optional(*size) : std::nullopt;
}
std::chrono::seconds Policy::trash_window() const {
    return base::parse_duration(text_of("trash_window")).value_or(std::chrono::seconds(0));
}
int Policy::pool_builders() const { return parse_number(text_of("pool_builders")).value_or(1); }
std::chrono::seconds Policy::sweep_grace() const {
    return base::parse_duration(text_of("sweep_grace")).value_or(std::chrono::seconds(0));
}
std::size_t Policy::sweep_limit(std::size_t environments) const {
    auto most = environments;
    if (const auto limit = parse_number(text_of("sweep_limit"))) {
        most = std::min(most, static_cast<std::size_t>(*limit));
    }
    if (const auto share = parse_number(words_before_percent(text_of("sweep_share")))) {
        most = std::min(most, (environments * static_cast<std::size_t>(*share) + 99) / 100);
    }
    return most;
}
std::vector<std::string> Policy::extensions() const {
    const auto words = words_of(text_of("extensions"));
    return {words.begin(), words.end()};
}
int Policy::connection_limit() const {
    return parse_number(text_of("connection_limit")).value_or(20);
}

std::optional<std::chrono::seconds> Policy::ttl() const {
    const auto time = base::parse_duration(text_of("ttl"));
    return time ? std::optional(*time) : std::nullopt;
}

namespace {
NamePattern pattern_or_default(std::string_view text) {
    auto pattern = NamePattern::parse(text);
    return pattern ? *std::move(pattern) : *NamePattern::parse("{project}_{slug}");
}
}  // namespace

NamePattern Policy::database_pattern() const {
    return pattern_or_default(text_of("database_pattern"));
}
NamePattern Policy::secret_pattern() const { return pattern_or_default(text_of("secret_pattern")); }

std::map<std::string, std::string> Policy::secret_tags() const {
    std::map<std::string, std::string> tags;
    for (const auto word : words_of(text_of("secret_tags"))) {
        const auto equals = std::min(word.find('='), word.size() - 1);
        tags.emplace(word.substr(0, equals), word.substr(equals + 1));
    }
    return tags;
}

std::optional<int> Policy::secret_rotation_days() const {
    const auto time = base::parse_duration(text_of("secret_rotation"));
    if (!time) return std::nullopt;
    return static_cast<int>(std::chrono::duration_cast<std::chrono::days>(*time).count());
}

bool Policy::protects(std::string_view name) const {
    return std::ranges::any_of(words_of(text_of("protected")),
                               [&](auto pattern) { return matches(pattern, name); });
}

bool Policy::admits(std::string_view repository) const {
    const auto list = words_of(text_of("repositories"));
    return list.empty() || std::ranges::find(list, repository) != list.end();
}

std::vector<std::string> Policy::settings_of(const std::vector<PolicyRow>& rows) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> k_settings{
        {{"idle_in_transaction_timeout", "idle_in_transaction_session_timeout"},
         {"lock_timeout", "lock_timeout"},
         {"statement_timeout", "statement_timeout"}}};
    std::vector<std::string> settings;
    for (const auto& [key, parameter] : k_settings) {
        // Not left to the parser, which would describe a failure that nobody reads.
        if (text_of(rows, key) == "off") continue;
        const auto time = base::parse_duration(text_of(rows, key));
        if (!time) continue;
        const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(*time);
        settings.push_back(std::string(parameter) + '=' + std::to_string(milliseconds.count()));
    }
    return settings;
}

}  // namespace environment
