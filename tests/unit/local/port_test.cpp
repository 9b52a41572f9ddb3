// SPDX-License-Identifier: Apache-2.0
#include "local/port.h"

#include <gtest/gtest.h>

#include "support/must.h"
#include "support/tcp_proxy.h"

namespace {

TEST(Port, is_free_until_somebody_listens) {
    int port = 0;
    {
        const support::TcpProxy listener(1);
        port = listener.port();
        EXPECT_FALSE(local::port_is_free(port));
    }
    EXPECT_TRUE(local::port_is_free(port));
}

TEST(Port, is_chosen_outside_the_range_of_outgoing_connections) {
    for (int i = 0; i < 50; ++i) {
        const auto port = support::must(local::choose_port());
        EXPECT_GE(port, 20000);
        EXPECT_LT(port, 32768);
    }
}

}  // namespace
