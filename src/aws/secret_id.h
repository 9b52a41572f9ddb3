// SPDX-License-Identifier: Apache-2.0
//
// The ways to name a secret: by name, or by an ARN with or without the hyphen and six characters
// that Secrets Manager puts behind the name. Pure.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace aws {

// What an ARN of a secret says: arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:RESOURCE.
struct SecretArn {
    std::string region;
    std::string resource;  // the name, perhaps with the six characters behind it
};
// Nothing for anything else, a plain name too.
std::optional<SecretArn> parse_secret_arn(const std::string& id);

// Every name that the secret called `id` may have: one for a plain name or an ARN that ends in no
// hyphen and six characters, else two.
std::vector<std::string> possible_names(const std::string& id);

// Whether two ids may be one secret, on the safe side: region and account of ARNs are not compared.
bool may_be_same_secret(const std::string& a, const std::string& b);

// Whether Secrets Manager takes `name` for a new secret: 1 to 512 ASCII letters, digits, /_+=.@-
bool is_secret_name(const std::string& name);

}  // namespace aws
