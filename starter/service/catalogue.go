package service

import (
	"context"
	"io"
	"strings"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/catalogfile"
	"github.com/perennial-billing/perennial/internal/store"
)

// Catalogue lists what an entity sells by plan and version: the newest version of each plan, or all versions.
func (s *Service) Catalogue(ctx context.Context, entityID string, all bool) ([]catalog.Plan, error) {
	if err := s.entityExists(ctx, entityID); err != nil {
		return nil, inRequest("entity", err)
	}
	versions, err := s.store.PlanVersions(ctx, entityID)
	if err != nil || all {
		return versions, err
	}
	var newest []catalog.Plan
	for i, plan := range versions {
		if i+1 == len(versions) || versions[i+1].ID != plan.ID {
			newest = append(newest, plan)
		}
	}
	return newest, nil
}

// CompareCatalogue says what a file of plans would add to what an entity sells.
func (s *Service) CompareCatalogue(ctx context.Context, entityID string, file io.Reader) (catalogfile.Comparison, error) {
	read, err := s.readCatalogue(ctx, entityID, file)
	if err != nil {
		return nil, err
	}
	return compareCatalogue(ctx, s.store.Queries, entityID, read)
}

// ApplyCatalogue adds what a file of plans adds to what an entity sells, all of it or nothing, and says what that was. Nothing
// is changed and nothing removed. Repeating it adds nothing.
func (s *Service) ApplyCatalogue(ctx context.Context, entityID string, file io.Reader) (catalogfile.Comparison, error) {
	read, err := s.readCatalogue(ctx, entityID, file)
	if err != nil {
		return nil, err
	}
	var compared catalogfile.Comparison
	err = s.store.Tx(ctx, func(tx store.Tx) error {
		// Two files applied at once must not both become the same next version.
		if err := tx.LockCatalogue(ctx); err != nil {
			return err
		}
		if compared, err = compareCatalogue(ctx, tx.Queries, entityID, read); err != nil {
			return err
		}
		for _, plan := range compared.Added() {
			if err := tx.AddPlan(ctx, entityID, plan, s.wallNow()); err != nil {
				return err
			}
		}
		return nil
	})
	return compared, err
}

func (s *Service) readCatalogue(ctx context.Context, entityID string, file io.Reader) (catalogfile.File, error) {
	if err := s.entityExists(ctx, entityID); err != nil {
		return catalogfile.File{}, inRequest("entity", err)
	}
	read, err := catalogfile.Read(file)
	if err != nil {
		return read, invalid("file", "%s", err)
	}
	return read, nil
}

func compareCatalogue(ctx context.Context, q store.Queries, entityID string, file catalogfile.File) (catalogfile.Comparison, error) {
	others, err := q.SoldByOthers(ctx, entityID, file.PlanIDs())
	if err != nil {
		return nil, err
	}
	if len(others) > 0 {
		return nil, conflict("plan_exists", "another legal entity sells %s: choose other ids", strings.Join(others, ", "))
	}
	sold, err := q.PlanVersions(ctx, entityID)
	if err != nil {
		return nil, err
	}
	compared, err := file.Compare(sold)
	if err != nil {
		return nil, conflict("plan_exists", "%s", err)
	}
	return compared, checkBillable(compared.Added())
}
