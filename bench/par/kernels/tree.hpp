// The sum over a balanced binary tree whose nodes lie in memory as they were allocated: a call does
// next to nothing, and half of all calls are made for nothing at all.
#pragma once

#include <twill/core/config.hpp>

#include "par/kernels/runtimes.hpp"

namespace twill::inline TWILL_ABI::bench {

struct tree_node {
    const tree_node* left;
    const tree_node* right;
    long value;
};

// Never freed: the process ends with it.
inline const tree_node* grow_tree(int depth) {
    if (depth == 0) return nullptr;
    auto* const node = new tree_node{nullptr, nullptr, 1};
    node->left = grow_tree(depth - 1);
    node->right = grow_tree(depth - 1);
    return node;
}

template <class Runtime>
long tree_sum(typename Runtime::context& here, const tree_node* node) {
    if (node == nullptr) return 0;
    const auto [left, right] = Runtime::two(
        here, [=](auto& there) { return tree_sum<Runtime>(there, node->left); },
        [=](auto& there) { return tree_sum<Runtime>(there, node->right); });
    return node->value + left + right;
}

}  // namespace twill::inline TWILL_ABI::bench
