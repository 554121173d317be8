package money

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestMulRatio(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		minor, num, den, want int64
	}{
		{875, 20, 30, 583},
		{875, 5, 30, 146},
		{1250, 15, 30, 625},
		{800, 20, 30, 533},
		{630, 20, 30, 420},
		{1, 1, 2, 1},
		{-1, 1, 2, -1},
		{1, -1, 2, -1},
		{1, 1, -2, -1},
		{-3, -1, 2, 2},
		{100, 0, 7, 0},
		{math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64},
		{math.MaxInt64, math.MinInt64, math.MinInt64, math.MaxInt64},
	} {
		a, err := New(test.minor, "USD").MulRatio(test.num, test.den)
		require.NoError(t, err)
		require.Equal(t, New(test.want, "USD"), a, "%+v", test)
	}
	_, err := New(1, "USD").MulRatio(1, 0)
	require.ErrorContains(t, err, "denominator must not be zero")
	_, err = New(math.MaxInt64, "USD").MulRatio(2, 1)
	require.ErrorIs(t, err, ErrOverflow)
	_, err = New(math.MinInt64, "USD").MulRatio(1, 1)
	require.ErrorIs(t, err, ErrOverflow)
}

func TestMulRatioOfBothPartsIsTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := amounts("USD").Draw(t, "a")
		den := rapid.Int64Range(1, math.MaxInt64).Draw(t, "den")
		num := rapid.Int64Range(0, den).Draw(t, "num")
		first, err := a.MulRatio(num, den)
		require.NoError(t, err)
		second, err := a.MulRatio(den-num, den)
		require.NoError(t, err)
		// The sum of the two can be one unit outside the range of an Amount.
		require.LessOrEqual(t, first.Decimal().Add(second.Decimal()).Sub(a.Decimal()).Abs().Shift(2).IntPart(), int64(1))
	})
}

func TestAllocate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		minor   int64
		weights []int64
		want    []int64
	}{
		{10000, []int64{1, 1, 1}, []int64{3334, 3333, 3333}},
		{-10000, []int64{1, 1, 1}, []int64{-3334, -3333, -3333}},
		{100, []int64{1, 2}, []int64{33, 67}},
		{5, []int64{3, 7}, []int64{2, 3}},
		{5, []int64{0, 1, 0}, []int64{0, 5, 0}},
		{1, []int64{0, 1, 1}, []int64{0, 1, 0}},
		{0, []int64{1, 2}, []int64{0, 0}},
		{math.MaxInt64, []int64{math.MaxInt64, math.MaxInt64}, []int64{1 << 62, 1<<62 - 1}},
		// Examples in the documentation of other libraries (moneyphp, govalues, an implementation of largest remainders).
		{5, []int64{70, 30}, []int64{4, 1}},
		{5, []int64{30, 70}, []int64{2, 3}},
		{800, []int64{1, 1, 1}, []int64{267, 267, 266}},
		{1003, []int64{50, 50}, []int64{502, 501}},
		{100, []int64{92, 93, 70}, []int64{36, 37, 27}},
	} {
		parts, err := New(test.minor, "JPY").Allocate(test.weights)
		require.NoError(t, err)
		got := make([]int64, len(parts))
		for i, part := range parts {
			require.Equal(t, Currency("JPY"), part.Currency)
			got[i] = part.Minor
		}
		require.Equal(t, test.want, got)
	}
	for _, weights := range [][]int64{nil, {}, {0, 0}} {
		_, err := New(1, "JPY").Allocate(weights)
		require.ErrorContains(t, err, "at least one weight must be positive")
	}
	_, err := New(1, "JPY").Allocate([]int64{1, -1})
	require.ErrorContains(t, err, "weights[1] is -1")
}

func TestAllocateSumsExactly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := amounts("USD").Draw(t, "a")
		weights := rapid.SliceOfN(rapid.Int64Range(0, math.MaxInt64), 1, 20).Draw(t, "weights")
		parts, err := a.Allocate(weights)
		if err != nil {
			require.ErrorContains(t, err, "at least one weight must be positive")
			return
		}
		total, err := Sum("USD", parts...)
		require.NoError(t, err)
		require.Equal(t, a, total)
		for i, part := range parts {
			require.False(t, part.IsNegative() && a.IsPositive() || part.IsPositive() && a.IsNegative())
			require.False(t, weights[i] == 0 && !part.IsZero(), "a zero weight gets nothing")
		}
	})
}

func TestAllocateMirrorsNegative(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := amounts("USD").Draw(t, "a")
		weights := rapid.SliceOfN(rapid.Int64Range(1, 1000), 1, 20).Draw(t, "weights")
		parts, err := a.Allocate(weights)
		require.NoError(t, err)
		mirrored, err := a.Neg().Allocate(weights)
		require.NoError(t, err)
		for i := range parts {
			require.Equal(t, parts[i].Neg(), mirrored[i])
		}
	})
}
