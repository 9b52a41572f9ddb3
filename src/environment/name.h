// SPDX-License-Identifier: Apache-2.0
//
// The names of things: what callers may call an environment, and what its parts are called on the
// server. Pure. A name can only be had by parsing, so whoever holds one holds a valid one.
//
// Two names of one project never share a database: a name that is its own slug has no double
// underscore, and every other one carries a hash of the raw name behind one (docs/guide/names.md).
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/uuid.h"

namespace environment {

// Postgres keeps 63 bytes of a name and cuts the rest silently, also at login (NAMEDATALEN - 1).
inline constexpr std::size_t k_longest_catalog_name = 63;

// Chosen so that stores with a shorter limit than any known one need no other rule.
inline constexpr std::size_t k_longest_secret_name = 200;

// A namespace on the server: [a-z][a-z0-9]{0,11}.
class Project {
   public:
    // Fails invalid_input.
    static base::Result<Project> parse(std::string_view text);
    const std::string& text() const { return text_; }
    friend auto operator<=>(const Project&, const Project&) = default;

   private:
    explicit Project(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

// The raw branch, stage or pull-request name: UTF-8 without control characters, 1 to 255 bytes.
class Name {
   public:
    // Fails invalid_input.
    static base::Result<Name> parse(std::string_view text);
    const std::string& text() const { return text_; }
    friend auto operator<=>(const Name&, const Name&) = default;

   private:
    explicit Name(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

// A pattern of database or secret names: text of [A-Za-z0-9_/+=.@-] with {slug} once and {project}
// at most once. The incumbent's are reviewapp_{slug} and aurora_postgres_{slug}_cdk.
class NamePattern {
   public:
    // Fails invalid_input.
    static base::Result<NamePattern> parse(std::string_view text);
    const std::string& text() const { return text_; }

    // The name of `name` by this pattern, at most `longest` bytes.
    std::string apply(const Project& project, const Name& name, std::size_t longest) const;
    // Whether `text` is a name by this pattern, whatever stands for the slug.
    bool fits(const Project& project, std::string_view text) const;
    // A second name for the same environment, for when the first is still held by an instance of
    // ours that Postgres does not yet let go: hashed together with `instance`.
    std::string apply_beside(const Project& project, const Name& name, const base::Uuid& instance,
                             std::size_t longest) const;

   private:
    explicit NamePattern(std::string text) : text_(std::move(text)) {}
    std::string fill(const Project& project, std::string_view slug) const;
    std::size_t room_for_slug(const Project& project, std::size_t longest) const;
    std::string text_;
};

// `<project>_<10 base32>`: opaque, and the same for life.
std::string role_name(const Project& project, const base::Uuid& role);
// What an instance is called until it is claimed, and after it was let go: only databases called so
// are ever dropped.
std::string building_name(const base::Uuid& instance);
std::string dropping_name(const base::Uuid& instance);

// What a template that is a version is called.
std::string frozen_name(const base::Uuid& instance);

// The name of the template that has nothing in it, which init makes.
inline constexpr std::string_view k_empty = "empty";
// `create --template auto`: the one whose digest the working tree has.
inline constexpr std::string_view k_auto = "auto";
// [a-z][a-z0-9_-]{0,39}, and neither empty nor auto. Fails invalid_input.
base::Result<void> check_template_name(std::string_view name);

// True when `text` is UTF-8 without control characters (C0, DEL, C1).
bool is_clean_utf8(std::string_view text);

}  // namespace environment
