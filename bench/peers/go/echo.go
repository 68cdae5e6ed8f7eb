package main

import (
	"net"
)

func serve(connection net.Conn) {
	defer connection.Close()
	buffer := make([]byte, 4096)
	for {
		n, err := connection.Read(buffer)
		if err != nil {
			return
		}
		if _, err := connection.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func echo() {
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	report("port", float64(door.Addr().(*net.TCPAddr).Port))
	acceptAll(door)
}

func acceptAll(door net.Listener) {
	for {
		connection, err := door.Accept()
		if err != nil {
			panic(err)
		}
		go serve(connection)
	}
}
