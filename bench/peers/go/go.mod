module twill.example/bench/peers

go 1.25
