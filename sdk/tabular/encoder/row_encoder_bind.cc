// RowEncoder::Bind: which columns of a file the fields are filled from.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "sdk/base/status.h"
#include "sdk/tabular/encoder/row_encoder.h"

namespace allmende::tabular {
namespace {

constexpr size_t kColumnsNamedMax = 5;

std::string ListColumns(const std::vector<std::string>& columns) {
  std::vector<std::string> named;
  for (size_t i = 0; i < columns.size() && i < kColumnsNamedMax; ++i) {
    named.push_back(absl::StrCat("`", ClipForMessage(columns[i]), "`"));
  }
  std::string text = absl::StrJoin(named, ", ");
  if (columns.size() > kColumnsNamedMax) {
    absl::StrAppend(&text, " and ", columns.size() - kColumnsNamedMax, " more");
  }
  return text;
}

}  // namespace

int RowEncoder::FindColumn(const std::string& name) const {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  return found == columns_.end() ? -1 : static_cast<int>(found - columns_.begin());
}

absl::Status RowEncoder::Bind(const std::vector<std::string>& columns, bool may_grow, int64_t line) {
  columns_ = columns;
  for (Leaf& leaf : leaves_) {
    ALLMENDE_RETURN_IF_ERROR(BindLeaf(leaf, may_grow));
  }
  ALLMENDE_RETURN_IF_ERROR(BindConditions(may_grow));
  return CheckAllUsed(line);
}

absl::Status RowEncoder::BindLeaf(Leaf& leaf, bool may_grow) {
  const FieldPlan& field = *leaf.field;
  leaf.cells.clear();
  leaf.bound = field.constant.has_value();
  for (const std::string& column : field.columns) {
    const int cell = FindColumn(column);
    leaf.cells.push_back(cell);
    leaf.bound = leaf.bound || cell >= 0;
    if (cell >= 0 || may_grow || field.optional_column) {
      continue;
    }
    InputError error{.file = file_};
    if (field.named_by_spec) {
      error.why =
          absl::StrCat("has no column `", ClipForMessage(column), "`, which the field `", field.path, "` needs");
      error.advice = absl::StrCat("its columns are ", ListColumns(columns_));
      return error.ToStatus();
    }
    // Inside a message the message itself may be absent, which each row decides.
    const bool inside = field.path.find('.') != std::string::npos;
    if (field.is_key || field.is_event_time || (!field.explicit_presence && !inside && !field.default_text)) {
      error.why = absl::StrCat("has no column for the field `", field.path, "`");
      error.advice = field.is_key || field.is_event_time
                         ? "map one under `fields`"
                         : "map one under `fields`, or make the field `optional` in the schema";
      return error.ToStatus();
    }
  }
  return absl::OkStatus();
}

absl::Status RowEncoder::BindConditions(bool may_grow) {
  const auto bind = [&](const RowCondition& condition, BoundCondition& bound) {
    bound = {.cell = FindColumn(condition.column), .condition = &condition};
    if (bound.cell >= 0 || may_grow) {
      return absl::OkStatus();
    }
    InputError error{.file = file_};
    error.why = absl::StrCat("has no column `", ClipForMessage(condition.column), "`, which a row rule needs");
    error.advice = absl::StrCat("its columns are ", ListColumns(columns_));
    return error.ToStatus();
  };
  skip_rows_.resize(plan_->spec().skip_rows.size());
  for (size_t i = 0; i < skip_rows_.size(); ++i) {
    ALLMENDE_RETURN_IF_ERROR(bind(plan_->spec().skip_rows[i], skip_rows_[i]));
  }
  if (plan_->spec().delete_rows.has_value()) {
    return bind(*plan_->spec().delete_rows, delete_rows_);
  }
  return absl::OkStatus();
}

absl::Status RowEncoder::CheckAllUsed(int64_t line) const {
  std::vector<bool> used(columns_.size(), false);
  const auto use = [&](int cell) {
    if (cell >= 0) used[static_cast<size_t>(cell)] = true;
  };
  for (const Leaf& leaf : leaves_) {
    std::for_each(leaf.cells.begin(), leaf.cells.end(), use);
  }
  for (const BoundCondition& condition : skip_rows_) {
    use(condition.cell);
  }
  use(delete_rows_.cell);
  std::vector<std::string> unused;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (!used[i] && !plan_->Ignores(columns_[i])) {
      unused.push_back(columns_[i]);
    }
  }
  if (unused.empty()) {
    return absl::OkStatus();
  }
  InputError error{.file = file_, .line = line};
  error.why =
      absl::StrCat(unused.size() == 1 ? "has a column that no field takes: " : "has columns that no field takes: ",
                   ListColumns(unused));
  error.advice = "map them under `fields`, or list them under `ignore`";
  return error.ToStatus();
}

}  // namespace allmende::tabular
