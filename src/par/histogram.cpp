#include <twill/par/histogram.hpp>

#include <string>

namespace twill::inline TWILL_ABI {

void detail::throw_bucket_out_of_range(std::size_t bucket, std::size_t buckets) {
    throw std::out_of_range("histogram: an element belongs to bucket " + std::to_string(bucket) +
                            ", but there are " + std::to_string(buckets));
}

}  // namespace twill::inline TWILL_ABI
