// SPDX-License-Identifier: Apache-2.0
#include "sources/encoding.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"

namespace sources {

namespace {

struct Encoding {
    std::string_view name;  // small letters and digits alone, which is how Postgres compares them
    std::string_view iconv;
};
constexpr std::array k_unsplittable{
    Encoding{"sjis", "CP932"},       Encoding{"shiftjis", "CP932"},
    Encoding{"mskanji", "CP932"},    Encoding{"win932", "CP932"},
    Encoding{"windows932", "CP932"}, Encoding{"shiftjis2004", "SHIFT_JISX0213"},
    Encoding{"big5", "CP950"},       Encoding{"win950", "CP950"},
    Encoding{"windows950", "CP950"}, Encoding{"gbk", "GBK"},
    Encoding{"win936", "GBK"},       Encoding{"windows936", "GBK"},
    Encoding{"gb18030", "GB18030"},  Encoding{"uhc", "CP949"},
    Encoding{"win949", "CP949"},     Encoding{"windows949", "CP949"},
    Encoding{"johab", "JOHAB"},
};

}  // namespace

std::string_view iconv_name_of_unsplittable(std::string_view encoding) {
    std::string name;
    for (const char c : encoding) {
        if (base::is_alphanumeric(c)) name += base::lower(c);
    }
    for (const auto& one : k_unsplittable) {
        if (one.name == name) return one.iconv;
    }
    return {};
}

std::string encoding_hint(std::string_view encoding, const std::string& file) {
    return fmt::format(
        "make the dump with --encoding=UTF8, or: iconv -f {} -t UTF-8 {} | sed "
        "'s/^SET client_encoding.*/SET client_encoding TO UTF8;/' | reviewdb "
        "template … --from -",
        iconv_name_of_unsplittable(encoding), file);
}

}  // namespace sources
