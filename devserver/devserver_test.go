package main

import (
	"bytes"
	"flag"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/dynamicconfig"
	"gopkg.in/yaml.v3"
)

const (
	keyword  = enumspb.INDEXED_VALUE_TYPE_KEYWORD
	datetime = enumspb.INDEXED_VALUE_TYPE_DATETIME
	text     = enumspb.INDEXED_VALUE_TYPE_TEXT
)

// A setting that the server does not know would be ignored in silence.
func TestEverySettingIsKnownToTheServer(t *testing.T) {
	t.Parallel()
	for key, value := range developmentSettings() {
		content, err := yaml.Marshal([]map[string]any{{"value": value}})
		require.NoError(t, err)
		var loader dynamicconfig.YamlLoader
		loader.LoadValue(key, content)
		require.Empty(t, loader.Errors)
		require.Empty(t, loader.Warnings)
	}
}

func TestOptionsAreRead(t *testing.T) {
	t.Parallel()
	opts, err := parseOptions([]string{
		"--port", "7233", "--ui-port", "-1", "--db", "x.db", "--namespace", "billing", "--stop-with-stdin",
		"--search-attribute", "BillingStatus=Keyword", "--search-attribute", "NextActionAt=Datetime",
		"--dynamic-config", "limit.blobSize.error=4194304", "--dynamic-config", "frontend.rps=5",
	}, nil)
	require.NoError(t, err)
	require.Equal(t, 7233, opts.port)
	require.Equal(t, noUI, opts.uiPort)
	require.Equal(t, "x.db", opts.dbFile)
	require.Equal(t, "billing", opts.namespace)
	require.True(t, opts.stopWithStdin)
	require.Equal(t, map[string]enumspb.IndexedValueType{"BillingStatus": keyword, "NextActionAt": datetime}, opts.attributes)
	require.Equal(t, 4194304, opts.settings.GetValue(dynamicconfig.MakeKey("limit.blobSize.error"))[0].Value)
	require.Equal(t, 5, opts.settings.GetValue(dynamicconfig.MakeKey("frontend.rps"))[0].Value, "overrides ours")
}

func TestHelpHasExamples(t *testing.T) {
	t.Parallel()
	var help bytes.Buffer
	_, err := parseOptions([]string{"--help"}, &help)
	require.ErrorIs(t, err, flag.ErrHelp)
	require.Contains(t, help.String(), "Examples:")
	require.Contains(t, help.String(), "-search-attribute")
}

func TestBadOptionsAreRefused(t *testing.T) {
	t.Parallel()
	for args, message := range map[string]string{
		"--port 70000":                     "--port is 70000",
		"--ui-port -2":                     "--ui-port is -2",
		"--port 8080 --ui-port 8080":       "both 8080",
		"--namespace=":                     "--namespace is empty",
		"surplus":                          `unexpected argument "surplus"`,
		"--colour":                         "flag provided but not defined",
		"--search-attribute Status":        "want NAME=TYPE",
		"--search-attribute Status=Colour": `unknown type "Colour"`,
		"--search-attribute Due=Text --search-attribute Due=Bool": "Due is given twice, as Text and as Bool",
		"--dynamic-config frontend.rps":                           "want KEY=JSON",
		"--dynamic-config frontend.rps=many":                      "is not JSON",
		`--dynamic-config frontend.rps="many"`:                    "not int",
		"--dynamic-config no.such.setting=1":                      "unregistered key",
	} {
		_, err := parseOptions(strings.Fields(args), nil)
		require.ErrorContains(t, err, message, args)
	}
}

func TestTakenPortsAreRefused(t *testing.T) {
	t.Parallel()
	other, err := net.Listen("tcp", hostPort(0))
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Close()) }()
	_, port, err := net.SplitHostPort(other.Addr().String())
	require.NoError(t, err)
	for _, flag := range []string{"--port", "--ui-port"} {
		var out bytes.Buffer
		err := run([]string{flag, port}, strings.NewReader(""), &out)
		require.ErrorContains(t, err, flag+" "+port)
		require.ErrorContains(t, err, "address already in use")
		require.ErrorContains(t, err, "give another port")
		require.Empty(t, out.String())
	}
}

func TestAttributesGetFreeFieldsOfTheirType(t *testing.T) {
	t.Parallel()
	wanted := map[string]enumspb.IndexedValueType{"BillingStatus": keyword, "NextActionAt": datetime}
	assigned, err := assignFields(map[string]string{"Keyword01": "CustomerId"}, wanted)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"Keyword01": "CustomerId", "Keyword02": "BillingStatus", "Datetime01": "NextActionAt"}, assigned)

	again, err := assignFields(assigned, wanted)
	require.NoError(t, err)
	require.Equal(t, assigned, again)
}

func TestImpossibleAttributesAreRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		there   map[string]string
		wanted  map[string]enumspb.IndexedValueType
		message string
	}{
		"a reserved name":     {nil, map[string]enumspb.IndexedValueType{"WorkflowId": keyword}, "belongs to Temporal"},
		"another type":        {map[string]string{"Keyword01": "Due"}, map[string]enumspb.IndexedValueType{"Due": datetime}, "is Keyword in this database, not Datetime"},
		"more than the slots": {map[string]string{"Text01": "A", "Text02": "B", "Text03": "C"}, map[string]enumspb.IndexedValueType{"D": text}, "all 3 slots for type Text are taken"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := assignFields(test.there, test.wanted)
			require.ErrorContains(t, err, test.message)
		})
	}
}
