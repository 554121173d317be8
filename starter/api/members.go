package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/perennial-billing/perennial/starter/service"
)

type newActivity struct {
	ByID

	Body service.MemberActivity
}

type memberList struct {
	ByID
	Paging
}

type leavingMember struct {
	ByID

	Member string `path:"member" doc:"Your id of the member."`
	On     string `query:"on" doc:"The first day without the member, where the subscription is billed; today when absent." example:"2027-04-20"`
}

type statementQuery struct {
	ByID

	Period string `query:"period" doc:"Any day of the period; the latest settled one when absent." example:"2027-04-01"`
	Member string `query:"member" doc:"This member only."`
}

func (a *API) addMembers(h huma.API) {
	tags := []string{"members"}
	refusals := []int{http.StatusNotFound, http.StatusUnprocessableEntity}
	add(a, h, huma.Operation{
		OperationID: "add-member-activity", Method: http.MethodPost, Path: "/v1/subscriptions/{id}/member-activity", Tags: tags, Errors: refusals,
		Summary: "Tell what members of a subscription with fair billing did", MaxBodyBytes: 4 << 20,
		Description: "All actions are stored, or none if one is wrong; those of members who had left are answered and not stored. " +
			"Who was not known has joined. What was told before is not counted again.",
	}, func(ctx context.Context, in *newActivity) (service.ActivityResult, error) {
		return a.service.AddMemberActivity(ctx, in.ID, in.Body)
	})
	add(a, h, huma.Operation{
		OperationID: "list-members", Method: http.MethodGet, Path: "/v1/subscriptions/{id}/members", Tags: tags, Errors: refusals,
		Summary: "List members by id, and whether they are active today",
	}, func(ctx context.Context, in *memberList) (service.Page[service.Member], error) {
		return a.service.Members(ctx, in.ID, in.After, in.Limit)
	})
	add(a, h, huma.Operation{
		OperationID: "remove-member", Method: http.MethodDelete, Path: "/v1/subscriptions/{id}/members/{member}", Tags: tags, Errors: refusals,
		Summary: "Tell that a member left", DefaultStatus: http.StatusOK,
		Description: "What is settled stays: who left before then leaves with the first day that is not. Repeating it changes nothing.",
	}, func(ctx context.Context, in *leavingMember) (service.Member, error) {
		return a.service.RemoveMember(ctx, in.ID, in.Member, in.On)
	})
	add(a, h, huma.Operation{
		OperationID: "get-member-statement", Method: http.MethodGet, Path: "/v1/subscriptions/{id}/member-statement", Tags: tags, Errors: refusals,
		Summary: "Show what became of each member's seat in a period, and why",
	}, func(ctx context.Context, in *statementQuery) (service.MemberStatement, error) {
		return a.service.MemberStatement(ctx, in.ID, in.Period, in.Member)
	})
}
