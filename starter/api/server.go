package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Limits of the server. Writing may take as long as the longest request waits.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = longestRequest + 10*time.Second
	idleTimeout   = 2 * time.Minute
	stopTimeout   = 10 * time.Second
	largestHeader = 64 << 10
)

// Serve answers requests on a listener, processes webhooks and looks for missed ones until ctx ends; then it lets running requests finish.
func Serve(ctx context.Context, listener net.Listener, a *API) error {
	server := &http.Server{
		Handler: a, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: largestHeader,
	}
	processing, stop := context.WithCancel(ctx)
	defer stop()
	var background sync.WaitGroup
	background.Go(func() { a.process(processing) })
	if a.service.CanSweep() {
		background.Go(func() { a.sweep(processing) })
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	err := server.Shutdown(stopping)
	background.Wait()
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.Join(fmt.Errorf("requests were still running after %s and were cut off", stopTimeout), server.Close())
	}
	return err
}
