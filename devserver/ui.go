package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"
)

// ui is the running web UI.
type ui struct {
	url  string
	stop func()
}

// startUI serves the web UI for the server at address and returns when its page loads.
func startUI(ctx context.Context, port int, address, namespace string) (*ui, error) {
	if port == 0 {
		ports, err := freePorts(1)
		if err != nil {
			return nil, err
		}
		port = ports[0]
	}
	url := "http://" + hostPort(port)
	web := uiserver.NewServer(server_options.WithConfigProvider(&uiconfig.Config{
		TemporalGRPCAddress: address,
		Host:                loopback,
		Port:                port,
		EnableUI:            true,
		DefaultNamespace:    namespace,
		// A development server tells nobody that it exists.
		DisableNewsFetch: true,
		Distribution:     "server",
		CORS:             uiconfig.CORS{AllowOrigins: []string{url}, CookieInsecure: true},
		HideLogs:         true,
	}))
	failed := make(chan error, 1)
	go func() { failed <- web.Start() }()
	if err := awaitPage(ctx, url, failed); err != nil {
		return nil, err
	}
	return &ui{url: url, stop: web.Stop}, nil
}

func awaitPage(ctx context.Context, url string, failed <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	client := &http.Client{Timeout: 5 * time.Second}
	return poll(ctx, "the web UI at "+url, func() error {
		select {
		case err := <-failed:
			cancel()
			return fmt.Errorf("the web UI stopped: %w", err)
		default:
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("the page answered %s", response.Status)
		}
		return nil
	})
}
