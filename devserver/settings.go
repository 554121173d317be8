package main

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/server/common/dynamicconfig"
)

// plenty is a rate, per second, that one developer's machine cannot reach: the limits protect a shared
// cluster, and here they would only slow a demo down.
const plenty = 1_000_000

// developmentSettings are the dynamic configuration values in which this server differs from the defaults.
func developmentSettings() dynamicconfig.StaticClient {
	settings := dynamicconfig.StaticClient{}
	for _, group := range []map[string]any{features(), quickTimers(), generousLimits()} {
		for key, value := range group {
			settings[dynamicconfig.MakeKey(key)] = value
		}
	}
	return settings
}

func features() map[string]any {
	return map[string]any{
		"frontend.WorkflowTimeSkippingEnabled":           true,
		"frontend.WorkflowTimeSkippingMaxSkipPerSession": 100_000,
		"frontend.WorkflowPauseEnabled":                  true,
		"matching.enableFairness":                        true,
		// A development server asks nobody on the internet whether it is out of date.
		"frontend.enableServerVersionCheck": false,
	}
}

// quickTimers removes the waits that make a skipped timer take about a second. The timer queue reads
// ahead by timerProcessorMaxTimeShift, and a timer that becomes due inside that window (as every skipped
// one does) is stored at the end of it. Reading ahead by a millisecond means one read for nearly every
// timer, so the reads must not be limited to their usual 20 a second either.
func quickTimers() map[string]any {
	return map[string]any{
		"history.timerProcessorMaxTimeShift":    time.Millisecond,
		"history.timerProcessorMaxPollRPS":      plenty,
		"history.transferProcessorMaxPollRPS":   plenty,
		"history.visibilityProcessorMaxPollRPS": plenty,
		// More than three reads within the same second of timers count as a reader that is stuck, and move
		// its work to a slower one: stalls of 5 to 10 seconds for everything on the shard.
		"history.queueReaderStuckCriticalAttempts": plenty,
		// On a test clock a month passes in far less than this second. A new run that has to wait for the
		// rest of it lets time skip past its first timer: whole periods would be lost.
		"history.workflowIdReuseMinimalInterval": time.Duration(0),
		// An SDK worker with a fixed number of pollers can have all of them wait on its sticky queue while
		// every task is on the normal one. It chooses anew when a poll ends, so polls end soon.
		"matching.longPollExpirationInterval": time.Second,
		// One partition: nothing to forward between partitions, and task order is kept.
		"matching.numTaskqueueReadPartitions":  1,
		"matching.numTaskqueueWritePartitions": 1,
	}
}

func generousLimits() map[string]any {
	return map[string]any{
		"frontend.rps":                                                 plenty,
		"frontend.namespaceRPS":                                        plenty,
		"frontend.namespaceRPS.visibility":                             plenty,
		"frontend.rps.namespaceReplicationInducingAPIs":                plenty,
		"frontend.namespaceRPS.namespaceReplicationInducingAPIs":       plenty,
		"frontend.globalNamespaceRPS.namespaceReplicationInducingAPIs": plenty,
		"frontend.namespaceCount":                                      plenty,
		"frontend.persistenceMaxQPS":                                   plenty,
		"history.rps":                                                  plenty,
		"history.persistenceMaxQPS":                                    plenty,
		"matching.rps":                                                 plenty,
		"matching.persistenceMaxQPS":                                   plenty,
		"system.visibilityPersistenceMaxReadQPS":                       plenty,
		"system.visibilityPersistenceMaxWriteQPS":                      plenty,
		"worker.batcherRPS":                                            plenty,
	}
}

// setDynamic adds one value given as JSON. The loader reads YAML, of which JSON is a part; what it calls
// warnings (a key or a type it does not know) is a mistake on a command line.
func setDynamic(settings dynamicconfig.StaticClient, key, json string) error {
	var loader dynamicconfig.YamlLoader
	name := dynamicconfig.MakeKey(key)
	loader.LoadValue(name, []byte(`[{"value": `+json+`}]`))
	if problems := slices.Concat(loader.Errors, loader.Warnings); len(problems) > 0 {
		return fmt.Errorf("%s=%s: %w", key, json, problems[0])
	}
	settings[name] = loader.Map[name]
	return nil
}
