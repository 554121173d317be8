package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	persistencespb "go.temporal.io/server/api/persistence/v1"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence/serialization"
	"go.temporal.io/server/common/persistence/sql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/resolver"
	"go.temporal.io/server/schema/sqlite"
)

// databaseConfig describes the SQLite database: the given file, or memory shared by the services of this process.
func databaseConfig(file string) *config.SQL {
	if file == "" {
		return &config.SQL{
			PluginName:        sqliteplugin.PluginName,
			DatabaseName:      "devserver",
			ConnectAttributes: map[string]string{"mode": "memory", "cache": "shared"},
		}
	}
	return &config.SQL{
		PluginName:   sqliteplugin.PluginName,
		DatabaseName: file,
		ConnectAttributes: map[string]string{
			"mode":         "rwc",
			"journal_mode": "wal",
			// With WAL this survives the death of the process; only a power cut can lose the last moments.
			"synchronous": "normal",
		},
	}
}

// prepareDatabase creates the schema of a new database file, the namespace and its search attributes.
// Done before the server starts, so that no cache inside it can ever have seen less. It can be repeated on
// a database in use since long: what is there stays, what is missing is added.
func prepareDatabase(ctx context.Context, cfg *config.SQL, opts options) error {
	if opts.dbFile != "" {
		if err := createSchema(cfg, opts.dbFile); err != nil {
			return err
		}
	}
	namespace, err := sqlite.NewNamespaceConfig(clusterName, opts.namespace, false, nil)
	if err != nil {
		return fmt.Errorf("describing namespace %q: %w", opts.namespace, err)
	}
	if err := sqlite.CreateNamespaces(cfg, namespace); err != nil {
		return fmt.Errorf("creating namespace %q: %w", opts.namespace, err)
	}
	return registerAttributes(ctx, cfg, opts.namespace, opts.attributes)
}

func createSchema(cfg *config.SQL, file string) error {
	if info, err := os.Stat(file); err == nil && info.Size() > 0 {
		return nil
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("looking for the database: %w", err)
	}
	if err := sqlite.SetupSchema(cfg); err != nil {
		return fmt.Errorf("creating database %s: %w", file, err)
	}
	return nil
}

// registerAttributes adds the missing search attributes to the stored namespace.
func registerAttributes(ctx context.Context, cfg *config.SQL, namespace string, wanted map[string]enumspb.IndexedValueType) error {
	db, err := sql.NewSQLDB(sqlplugin.DbKindMain, cfg, resolver.NewNoopResolver(), log.NewNoopLogger(), metrics.NoopMetricsHandler)
	if err != nil {
		return fmt.Errorf("opening the database: %w", err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.SelectFromNamespace(ctx, sqlplugin.NamespaceFilter{Name: &namespace})
	if err != nil {
		return fmt.Errorf("reading namespace %q: %w", namespace, err)
	}
	row := rows[0]
	detail, err := decodeNamespace(row)
	if err != nil {
		return fmt.Errorf("decoding namespace %q: %w", namespace, err)
	}
	detail.Config.CustomSearchAttributeAliases, err = assignFields(detail.Config.CustomSearchAttributeAliases, wanted)
	if err != nil {
		return err
	}
	blob, err := serialization.NewSerializer().NamespaceDetailToBlob(detail)
	if err != nil {
		return fmt.Errorf("encoding namespace %q: %w", namespace, err)
	}
	row.Data, row.DataEncoding = blob.GetData(), blob.GetEncodingType().String()
	if _, err := db.UpdateNamespace(ctx, &row); err != nil {
		return fmt.Errorf("storing the search attributes of namespace %q: %w", namespace, err)
	}
	return nil
}

func decodeNamespace(row sqlplugin.NamespaceRow) (*persistencespb.NamespaceDetail, error) {
	encoding, err := enumspb.EncodingTypeFromString(row.DataEncoding)
	if err != nil {
		return nil, err
	}
	blob := &commonpb.DataBlob{Data: row.Data, EncodingType: encoding}
	return serialization.NewSerializer().NamespaceDetailFromBlob(blob)
}
