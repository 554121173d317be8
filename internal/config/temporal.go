package config

import (
	"fmt"
	"os"
	"strings"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"
)

// temporalPrefix is how the names of Temporal's own variables begin.
const temporalPrefix = "TEMPORAL_"

// Temporal connects by Temporal's own environment: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TLS, API key or a profile.
// It returns the namespace too, which requests outside of the SDK have to name.
func Temporal(env Environment, logger log.Logger) (client.Client, string, error) {
	options, err := envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{EnvLookup: env, DisableFile: !env.namesProfiles()})
	if err != nil {
		return nil, "", fmt.Errorf("read Temporal's environment: %w", err)
	}
	options.Logger = logger
	if options.Namespace == "" {
		options.Namespace = client.DefaultNamespace
	}
	c, err := client.Dial(options)
	if err != nil {
		return nil, "", fmt.Errorf("connect to Temporal at %q (TEMPORAL_ADDRESS, or the address of a profile): %w", options.HostPort, err)
	}
	return c, options.Namespace, nil
}

// TemporalAddress is the server that the environment or its profile names; empty when neither does.
func TemporalAddress(env Environment) (string, error) {
	profile, err := envconfig.LoadClientConfigProfile(envconfig.LoadClientConfigProfileOptions{EnvLookup: env, DisableFile: !env.namesProfiles()})
	if err != nil {
		return "", fmt.Errorf("read Temporal's environment: %w", err)
	}
	return profile.Address, nil
}

// WithLocalTemporal returns the environment that leads to a development server on this machine and nowhere else: a
// profile's key or certificate is meant for another server, and would be offered to this one.
func (e Environment) WithLocalTemporal(address, namespace string) Environment {
	var kept Environment
	for _, entry := range e {
		if !strings.HasPrefix(entry, temporalPrefix) {
			kept = append(kept, entry)
		}
	}
	return append(kept, LocalTemporal(address, namespace)...)
}

// LocalTemporal are the variables that lead to a development server: no profiles, and so no credentials.
func LocalTemporal(address, namespace string) Environment {
	return Environment{"TEMPORAL_ADDRESS=" + address, "TEMPORAL_NAMESPACE=" + namespace, "TEMPORAL_CONFIG_FILE=" + os.DevNull}
}

// namesProfiles says whether there are profiles to read. The file of those is looked for in the home of whoever runs the
// program, which an environment that was put together for a test has none of.
func (e Environment) namesProfiles() bool {
	for _, name := range []string{"TEMPORAL_CONFIG_FILE", "XDG_CONFIG_HOME", "HOME"} {
		if e.Getenv(name) != "" {
			return true
		}
	}
	return false
}
