package service

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/internal/store"
)

// NewList asks for a list.
type NewList struct {
	Entity string `json:"entity" example:"acme"`
	Name   string `json:"name" doc:"What rules call it: listed(\"name\", …)." example:"sanctioned"`
	Type   string `json:"type" doc:"What it holds: email, email_domain, fingerprint, country or customer." example:"country"`
	By     string `json:"by" doc:"Who, for the record." example:"ada"`
}

// NewListItem asks for a value to be put on a list.
type NewListItem struct {
	Explained

	Value     string    `json:"value" example:"KP"`
	ExpiresAt time.Time `json:"expires_at,omitzero" doc:"Until when it counts; without end when absent."`
}

// CreateList adds a list. Repeating it changes nothing; another type under the name is a conflict.
func (s *Service) CreateList(ctx context.Context, in NewList) (store.FraudList, error) {
	var p problems
	p.check("name", fraud.CheckListName(in.Name))
	p.check("by", checkText(in.By, longestActorName))
	if !slices.Contains(fraud.ItemTypes(), fraud.ItemType(in.Type)) {
		p.add("type", "%.60q is not a type of list: use email, email_domain, fingerprint, country or customer", in.Type)
	}
	if err := p.err(); err != nil {
		return store.FraudList{}, err
	}
	if err := s.entityExists(ctx, in.Entity); err != nil {
		return store.FraudList{}, inRequest("entity", err)
	}
	made := store.FraudList{EntityID: in.Entity, Name: in.Name, ItemType: fraud.ItemType(in.Type), CreatedBy: in.By, CreatedAt: s.wallNow()}
	if fed, always := fraud.FedLists()[in.Name]; always && fed != made.ItemType {
		return made, conflict("list_exists", "list %s is fed by disputes and warnings and holds items of type %s", in.Name, fed)
	}
	err := s.store.AddFraudList(ctx, made)
	if errors.Is(err, store.ErrExists) {
		known, err := s.list(ctx, in.Entity, in.Name)
		if err == nil && known.ItemType != made.ItemType {
			err = conflict("list_exists", "list %s exists and holds items of type %s: choose another name", in.Name, known.ItemType)
		}
		return known, err
	}
	return made, err
}

// Lists lists an entity's lists.
func (s *Service) Lists(ctx context.Context, entityID string) (Page[store.FraudList], error) {
	if err := s.entityExists(ctx, entityID); err != nil {
		return Page[store.FraudList]{}, inRequest("entity", err)
	}
	rows, err := s.store.FraudLists(ctx, entityID, s.wallNow())
	return page(rows, len(rows), func(l store.FraudList) string { return l.Name }), err
}

func (s *Service) list(ctx context.Context, entityID, name string) (store.FraudList, error) {
	lists, err := s.Lists(ctx, entityID)
	if err != nil {
		return store.FraudList{}, err
	}
	for _, list := range lists.Data {
		if list.Name == name {
			return list, nil
		}
	}
	return store.FraudList{}, notFound("list %.60q of %s: not found", name, entityID)
}

// ListItems lists the items of a list that are in force, by id behind a given one.
func (s *Service) ListItems(ctx context.Context, entityID, name, after string, limit int) (Page[store.FraudListItem], error) {
	if _, err := s.list(ctx, entityID, name); err != nil {
		return Page[store.FraudListItem]{}, err
	}
	size, err := pageSize(limit)
	if err != nil {
		return Page[store.FraudListItem]{}, err
	}
	var behind int64
	if after != "" {
		if behind, err = strconv.ParseInt(after, 10, 64); err != nil {
			return Page[store.FraudListItem]{}, invalid("after", "%.60q is not the id of an item", after)
		}
	}
	rows, err := s.store.FraudListItems(ctx, entityID, name, s.wallNow(), behind, size+1)
	return page(rows, size, func(i store.FraudListItem) string { return strconv.FormatInt(i.ID, 10) }), err
}

// AddListItem puts a value on a list. One that is on it stays as it is.
func (s *Service) AddListItem(ctx context.Context, entityID, name string, in NewListItem) (store.FraudListItem, error) {
	list, err := s.list(ctx, entityID, name)
	if err != nil {
		return store.FraudListItem{}, err
	}
	var p problems
	in.check(&p)
	value, err := list.ItemType.Item(in.Value)
	p.check("value", err)
	now := s.wallNow()
	if !in.ExpiresAt.IsZero() && !in.ExpiresAt.After(now) {
		p.add("expires_at", "%s is over: give a time in the future, or none", in.ExpiresAt.UTC().Format(time.RFC3339))
	}
	if err := p.err(); err != nil {
		return store.FraudListItem{}, err
	}
	item := store.FraudListItem{
		EntityID: entityID, List: name, Value: value, Source: store.FromOperator, AddedBy: in.By, Why: in.Why, AddedAt: now,
	}
	if !in.ExpiresAt.IsZero() {
		item.ExpiresAt = &in.ExpiresAt
	}
	err = s.store.Tx(ctx, func(tx store.Tx) error {
		_, err := tx.AddFraudListItem(ctx, item)
		return err
	})
	if err != nil {
		return item, err
	}
	return s.store.FraudListItem(ctx, entityID, name, value)
}

// RemoveListItem takes a value off a list.
func (s *Service) RemoveListItem(ctx context.Context, entityID, name, value string, in Explained) (store.FraudListItem, error) {
	list, err := s.list(ctx, entityID, name)
	if err != nil {
		return store.FraudListItem{}, err
	}
	var p problems
	in.check(&p)
	value, err = list.ItemType.Item(value)
	p.check("value", err)
	if err := p.err(); err != nil {
		return store.FraudListItem{}, err
	}
	item, err := s.store.FraudListItem(ctx, entityID, name, value)
	if err != nil {
		return item, named(err)
	}
	return item, named(s.store.RemoveFraudListItem(ctx, entityID, name, value, in.By, in.Why, s.wallNow()))
}
