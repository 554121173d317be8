package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	loopback    = "127.0.0.1"
	clusterName = "active"
	// startTimeout bounds the wait for the first answer, on a machine that is busy compiling too.
	startTimeout = 60 * time.Second
	// historyShards is written into a database file when it is created and cannot change afterwards. SQLite
	// has one writer, so more shards only mean more readers of the same queues.
	historyShards = 1
)

// server is a running Temporal server.
type server struct {
	address string
	stop    func()
}

// startTemporal starts all services and returns when the namespace answers.
func startTemporal(ctx context.Context, opts options) (*server, error) {
	database := databaseConfig(opts.dbFile)
	if err := prepareDatabase(ctx, database, opts); err != nil {
		return nil, err
	}
	ports, err := freePorts(5)
	if err != nil {
		return nil, err
	}
	if opts.port != 0 {
		ports[0] = opts.port
	}
	address := hostPort(ports[0])
	level, logger, err := newLogger()
	if err != nil {
		return nil, err
	}
	running, err := temporal.NewServer(
		temporal.WithConfig(serverConfig(database, ports)),
		temporal.ForServices(temporal.DefaultServices),
		// Four services on known ports have no need to find each other by gossip.
		temporal.WithStaticHosts(map[primitives.ServiceName]static.Hosts{
			primitives.FrontendService: static.SingleLocalHost(address),
			primitives.HistoryService:  static.SingleLocalHost(hostPort(ports[1])),
			primitives.MatchingService: static.SingleLocalHost(hostPort(ports[2])),
			primitives.WorkerService:   static.SingleLocalHost(hostPort(ports[3])),
		}),
		temporal.WithLogger(log.NewZapLogger(logger)),
		temporal.WithDynamicConfigClient(opts.settings),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper { return authorization.NewNoopClaimMapper() }),
	)
	if err != nil {
		return nil, fmt.Errorf("configuring the server: %w", err)
	}
	if err := running.Start(); err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	started := &server{address: address, stop: func() {
		// Services that lose each other while stopping in turn are not worth a warning.
		level.SetLevel(zap.FatalLevel)
		_ = running.Stop()
	}}
	if err := awaitNamespace(ctx, address, opts.namespace); err != nil {
		started.stop()
		return nil, err
	}
	return started, nil
}

// serverConfig takes the ports of frontend, history, matching and worker, and of the frontend's HTTP API.
func serverConfig(database *config.SQL, ports []int) *config.Config {
	frontend := onLoopback(ports[0])
	frontend.RPC.HTTPPort = ports[4]
	return &config.Config{
		Persistence: config.Persistence{
			DefaultStore:     sqliteplugin.PluginName,
			VisibilityStore:  sqliteplugin.PluginName,
			NumHistoryShards: historyShards,
			DataStores:       map[string]config.DataStore{sqliteplugin.PluginName: {SQL: database}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: hostPort(ports[0])},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services: map[string]config.Service{
			string(primitives.FrontendService): frontend,
			string(primitives.HistoryService):  onLoopback(ports[1]),
			string(primitives.MatchingService): onLoopback(ports[2]),
			string(primitives.WorkerService):   onLoopback(ports[3]),
		},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
		PublicClient: config.PublicClient{HostPort: hostPort(ports[0])},
	}
}

func onLoopback(port int) config.Service {
	return config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: loopback}}
}

// newLogger writes warnings and worse to standard error; the level can be changed while it is in use.
func newLogger() (zap.AtomicLevel, *zap.Logger, error) {
	cfg := zap.NewDevelopmentConfig()
	cfg.Development = false
	cfg.DisableCaller = true
	cfg.DisableStacktrace = true
	cfg.Level = zap.NewAtomicLevelAt(zap.WarnLevel)
	logger, err := cfg.Build()
	if err != nil {
		return cfg.Level, nil, fmt.Errorf("opening the log: %w", err)
	}
	return cfg.Level, logger, nil
}

// awaitNamespace returns when the frontend answers for the namespace.
func awaitNamespace(ctx context.Context, address, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", address, err)
	}
	defer func() { _ = conn.Close() }()
	request := &workflowservice.DescribeNamespaceRequest{Namespace: namespace}
	return poll(ctx, fmt.Sprintf("namespace %q at %s", namespace, address), func() error {
		_, err := workflowservice.NewWorkflowServiceClient(conn).DescribeNamespace(ctx, request, grpc.WaitForReady(true))
		return err
	})
}

// poll calls check every 20 ms until it succeeds or ctx ends.
func poll(ctx context.Context, what string, check func() error) error {
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, errors.Join(ctx.Err(), err))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// freePorts finds n different ports that are free now. Nothing reserves them until the server listens, so
// a start can still fail when another program is faster.
func freePorts(n int) ([]int, error) {
	ports := make([]int, 0, n)
	for range n {
		listener, err := net.Listen("tcp", hostPort(0))
		if err != nil {
			return nil, fmt.Errorf("looking for a free port: %w", err)
		}
		defer func() { _ = listener.Close() }()
		_, chosen, err := net.SplitHostPort(listener.Addr().String())
		if err != nil {
			return nil, fmt.Errorf("looking for a free port: %w", err)
		}
		port, err := strconv.Atoi(chosen)
		if err != nil {
			return nil, fmt.Errorf("looking for a free port: %w", err)
		}
		ports = append(ports, port)
	}
	return ports, nil
}

func hostPort(port int) string {
	return net.JoinHostPort(loopback, strconv.Itoa(port))
}
