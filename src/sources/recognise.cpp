// SPDX-License-Identifier: Apache-2.0
#include "sources/recognise.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sources {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view k_archive = "PGDMP";
constexpr std::size_t k_tar_header = 512;
constexpr std::size_t k_tar_magic_at = 257;

// What people hand in by mistake, by its first bytes.
struct Stranger {
    std::string_view magic;
    std::string_view what;
    std::string_view command;  // {} is the file
};
constexpr std::array k_strangers{
    Stranger{"\x1f\x8b"sv, "compressed by gzip", "gzip -dc {} | … --from -"},
    Stranger{"\x28\xb5\x2f\xfd"sv, "compressed by zstd", "zstd -dc {} | … --from -"},
    Stranger{"\xfd\x37zXZ\0"sv, "compressed by xz", "xz -dc {} | … --from -"},
    Stranger{"BZh"sv, "compressed by bzip2", "bzip2 -dc {} | … --from -"},
    Stranger{"\x04\x22\x4d\x18"sv, "compressed by lz4", "lz4 -dc {} | … --from -"},
    Stranger{"\x02\x21\x4c\x18"sv, "compressed by lz4 in its legacy format",
             "lz4 -dc {} | … --from -"},
    Stranger{"PK\x03\x04"sv, "a zip archive", "unzip -p {} | … --from -"},
    Stranger{"7z\xbc\xaf\x27\x1c"sv, "an archive of 7-Zip", "7z x -so {} | … --from -"},
    Stranger{"\xff\xfe"sv, "text in UTF-16", "iconv -f UTF-16 -t UTF-8 {} | … --from -"},
    Stranger{"\xfe\xff"sv, "text in UTF-16", "iconv -f UTF-16 -t UTF-8 {} | … --from -"},
    Stranger{"SQLite format 3\0"sv, "a database of SQLite",
             "pgloader turns it into one of Postgres"},
    Stranger{"-- MySQL dump"sv, "a dump of MySQL", "pgloader takes it over into Postgres"},
    Stranger{"-- MariaDB dump"sv, "a dump of MariaDB", "pgloader takes it over into Postgres"},
    Stranger{"/*!"sv, "a dump of MySQL or MariaDB", "pgloader takes it over into Postgres"},
    Stranger{"version https://git-lfs.github.com/"sv, "a pointer of Git LFS", "git lfs pull"},
    Stranger{"<"sv, "a page of HTML or XML: was a login or an error downloaded?",
             "curl -fsSL URL | … --from - fails when the server does"},
    Stranger{"{\""sv, "JSON: was an error downloaded?",
             "curl -fsSL URL | … --from - fails when the server does"},
    Stranger{"PGCOPY\n"sv, "binary data of COPY", "COPY without BINARY writes text"},
};

bool is_tar(std::string_view beginning) {
    return beginning.size() > k_tar_header && beginning.substr(k_tar_magic_at).starts_with("ustar");
}

// The stranger's command for `file`, which has to be unpacked first if something compressed it.
std::string command_for(const Stranger& stranger, const std::string& file, Compression packed) {
    std::string command(stranger.command);
    const auto at = command.find("{}");
    if (at == std::string::npos) return command;
    if (packed == Compression::none) return command.replace(at, 2, file);
    // unzip does not read a pipe.
    if (command.starts_with("unzip -p")) command = "funzip {} | … --from -";
    command.erase(command.find(" {}"), 3);
    return fmt::format("{} -dc {} | {}", to_text(packed), file, command);
}

}  // namespace

std::string_view to_text(Format format) {
    switch (format) {
        case Format::custom:
            return "custom";
        case Format::tar:
            return "tar";
        case Format::directory:
            return "directory";
        case Format::sql:
            break;
    }
    return "plain";
}

base::Result<Format> recognise(std::string_view beginning, const std::string& file,
                               Compression packed) {
    using base::ErrorKind;
    const bool is_packed = packed != Compression::none;
    const auto name =
        is_packed ? fmt::format("what {} compressed in {}", to_text(packed), file) : file;
    if (beginning.starts_with(k_archive)) return Format::custom;
    if (is_tar(beginning)) {
        if (beginning.starts_with("toc.dat"sv)) return Format::tar;
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("{} is a tar archive, but not one of pg_dump", name),
                          fmt::format("unpack it and name what is in it; a folder that pg_dump "
                                      "--format=directory wrote can be named itself"));
    }
    // Text may begin with a byte order mark and blank lines.
    auto text = beginning;
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    for (const auto& stranger : k_strangers) {
        if (!text.starts_with(stranger.magic)) continue;
        auto hint = command_for(stranger, file, packed);
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("{} is not SQL, but {}", name, stranger.what),
                          std::move(hint));
    }
    if (beginning.find('\0') != std::string_view::npos) {
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("{} is neither SQL nor a dump: it holds bytes 0", name),
                          "SQL files and what pg_dump writes can be taken");
    }
    return Format::sql;
}

int restore_major(std::string_view beginning, Format format) {
    if (format == Format::tar) {
        beginning.remove_prefix(std::min(beginning.size(), k_tar_header));
    }
    // "PGDMP", then the version of the format: 1.14 is that of 12 to 15 (pg_backup_archiver.h).
    constexpr std::size_t k_minor_at = 6;
    constexpr int k_oldest = 15;
    constexpr int k_its_minor = 14;
    if (!beginning.starts_with(k_archive) || beginning.size() <= k_minor_at) return k_oldest;
    const int minor = static_cast<unsigned char>(beginning[k_minor_at]);
    return k_oldest + std::max(0, minor - k_its_minor);
}

}  // namespace sources
