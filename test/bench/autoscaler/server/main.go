// Command server stands in for the app in the pods that the autoscalers contest: it is ready at once, works off nothing
// itself, and hands its metrics page through from the load model (MODEL_URL), which counts for all pods.
package main

import (
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	url := os.Getenv("MODEL_URL") + "/metrics?pod=" + os.Getenv("POD_NAME")
	client := &http.Client{Timeout: 700 * time.Millisecond}
	mux := http.NewServeMux()
	ok := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }
	mux.HandleFunc("/livez", ok)
	mux.HandleFunc("/readyz", ok)
	// A canary that is under way already: nobody waits for one.
	mux.HandleFunc("/canary", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusConflict) })
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, r *http.Request) {
		page, err := client.Get(url)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer page.Body.Close()
		w.Header().Set("content-type", "text/plain; version=0.0.4")
		w.WriteHeader(page.StatusCode)
		io.Copy(w, page.Body)
	})
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		os.Exit(0)
	}()
	if err := http.ListenAndServe(":9090", mux); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}
