// A reactor without I/O: what is left is its eventfd.
#pragma once

#include <explore/model/model.hpp>
#include <twill/core/reactor.hpp>

#include <cstdlib>

namespace model_test {

class quiet_reactor : public twill::reactor {
public:
    bool submit(twill::io_request& /*what*/) noexcept override { std::abort(); }
    void cancel(twill::io_request& /*what*/) noexcept override { std::abort(); }
    void forget(twill::io_source& /*source*/) noexcept override { std::abort(); }
    std::size_t poll(twill::duration limit) noexcept override {
        if (limit == twill::duration::zero())
            woken_.take();
        else if (limit == twill::duration::max())
            woken_.wait();
        else
            woken_.wait(twill::explore::model::virtual_now() +
                        static_cast<std::uint64_t>(limit.count()));
        return 0;
    }
    bool ready() noexcept override { return false; }
    void wake() noexcept override { woken_.set(); }

private:
    twill::explore::model::event woken_;
};

}  // namespace model_test
