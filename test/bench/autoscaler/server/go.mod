module voucher.dev/bench/server

go 1.24.0
