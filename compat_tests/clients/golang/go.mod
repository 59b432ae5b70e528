module mockbroker/worker

go 1.24
