// SPDX-License-Identifier: Apache-2.0
#include "api/indented.h"

#include <boost/json/serialize.hpp>
#include <string_view>

#include "base/words.h"

namespace api {

namespace {

// Boost escapes what JSON demands, and leaves what a terminal obeys.
std::string quoted(std::string_view text) {
    if (base::harmless(text) == text) return boost::json::serialize(boost::json::value(text));
    return "\"" + base::json_escaped(text) + "\"";
}

void write(const boost::json::value& value, const std::string& indent, std::string& out) {
    const auto deeper = indent + "  ";
    std::string_view separator = "\n";
    if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
        out += '{';
        for (const auto& [key, member] : *object) {
            out.append(separator)
                .append(deeper)
                .append(quoted({key.data(), key.size()}))
                .append(": ");
            write(member, deeper, out);
            separator = ",\n";
        }
        out.append("\n").append(indent).append("}");
    } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
        out += '[';
        for (const auto& element : *array) {
            out.append(separator).append(deeper);
            write(element, deeper, out);
            separator = ",\n";
        }
        out.append("\n").append(indent).append("]");
    } else if (const auto* text = value.if_string(); text != nullptr) {
        out += quoted({text->data(), text->size()});
    } else {
        out += boost::json::serialize(value);
    }
}

}  // namespace

std::string indented(const boost::json::value& value) {
    std::string out;
    write(value, "", out);
    out += '\n';
    return out;
}

}  // namespace api
