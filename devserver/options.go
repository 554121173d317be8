package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/dynamicconfig"
)

// noUI is the UI port that means "no web UI".
const noUI = -1

type options struct {
	port          int // 0: any free port
	uiPort        int // 0: any free port, noUI: none
	dbFile        string
	namespace     string
	attributes    map[string]enumspb.IndexedValueType
	settings      dynamicconfig.StaticClient
	stopWithStdin bool
}

const usage = `devserver runs a Temporal server for development: one process, SQLite, web UI, loopback only.

Usage:
  devserver [flags]

When the server is ready it prints one line of JSON on standard output:
  {"address":"127.0.0.1:7233","ui":"http://127.0.0.1:8233","namespace":"default"}

Examples:
  # in memory, on free ports
  devserver

  # on the usual ports, kept in a file
  devserver --port 7233 --ui-port 8233 --db temporal.db

  # with the search attributes a program needs, and another limit
  devserver --search-attribute BillingStatus=Keyword --search-attribute NextActionAt=Datetime \
    --dynamic-config limit.blobSize.error=4194304

Flags:
`

// parseOptions reads the command line. Asked for help, it writes it and returns flag.ErrHelp.
func parseOptions(args []string, help io.Writer) (options, error) {
	opts := options{
		attributes: map[string]enumspb.IndexedValueType{},
		settings:   developmentSettings(),
	}
	flags := flag.NewFlagSet("devserver", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.IntVar(&opts.port, "port", 0, "`port` of the gRPC API; 0 takes a free one")
	flags.IntVar(&opts.uiPort, "ui-port", 0, "`port` of the web UI; 0 takes a free one, -1 starts no UI")
	flags.StringVar(&opts.dbFile, "db", "", "SQLite `file` to keep everything in; without it all is lost at exit")
	flags.StringVar(&opts.namespace, "namespace", "default", "`name` of the namespace to create")
	flags.Func("search-attribute", "custom search attribute to register, as `NAME=TYPE`; repeatable", opts.addAttribute)
	flags.Func("dynamic-config", "dynamic configuration value, as `KEY=JSON`; repeatable", opts.addSetting)
	flags.BoolVar(&opts.stopWithStdin, "stop-with-stdin", false, "stop when standard input is closed")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(help, usage)
		flags.SetOutput(help)
		flags.PrintDefaults()
		return options{}, err
	} else if err != nil {
		return options{}, fmt.Errorf("%w; see --help", err)
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q; see --help", flags.Arg(0))
	}
	return opts, opts.validate()
}

func (o *options) addAttribute(arg string) error {
	name, typeName, ok := strings.Cut(arg, "=")
	if !ok || name == "" {
		return errors.New("want NAME=TYPE, such as BillingStatus=Keyword")
	}
	valueType, err := enumspb.IndexedValueTypeFromString(typeName)
	if err != nil || valueType == enumspb.INDEXED_VALUE_TYPE_UNSPECIFIED {
		return fmt.Errorf("unknown type %q; want Keyword, KeywordList, Text, Int, Double, Bool or Datetime", typeName)
	}
	if before, ok := o.attributes[name]; ok && before != valueType {
		return fmt.Errorf("%s is given twice, as %s and as %s", name, before, valueType)
	}
	o.attributes[name] = valueType
	return nil
}

func (o *options) addSetting(arg string) error {
	key, value, ok := strings.Cut(arg, "=")
	if !ok || key == "" {
		return errors.New("want KEY=JSON, such as limit.blobSize.error=4194304")
	}
	if !json.Valid([]byte(value)) {
		return fmt.Errorf("the value of %s is not JSON (text needs double quotes): %s", key, value)
	}
	return setDynamic(o.settings, key, value)
}

// portsAreFree refuses ports on which somebody else listens: the services that need them say so less clearly.
func (o *options) portsAreFree() error {
	for _, given := range []struct {
		flag string
		port int
	}{{"--port", o.port}, {"--ui-port", o.uiPort}} {
		if given.port <= 0 { // a free one, or none
			continue
		}
		listener, err := net.Listen("tcp", hostPort(given.port))
		if err != nil {
			return fmt.Errorf("%s %d: %w; end the program that listens there, or give another port", given.flag, given.port, err)
		}
		_ = listener.Close()
	}
	return nil
}

func (o *options) validate() error {
	switch {
	case o.port < 0 || o.port > 65535:
		return fmt.Errorf("--port is %d; want 0 (any free port) to 65535", o.port)
	case o.uiPort < noUI || o.uiPort > 65535:
		return fmt.Errorf("--ui-port is %d; want -1 (no UI), 0 (any free port) to 65535", o.uiPort)
	case o.port != 0 && o.port == o.uiPort:
		return fmt.Errorf("--port and --ui-port are both %d; the API and the UI need one each", o.port)
	case o.namespace == "":
		return errors.New("--namespace is empty")
	}
	return nil
}
