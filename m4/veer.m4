# VEER_PART(NAME, VALUE): one row of the list that configure's summary and `veer doctor` show.
AC_DEFUN([VEER_PART], [AS_VAR_APPEND([veer_parts], ["`printf '%-12s%s' "$1" "$2"`
"])])

# VEER_TOOL(NAME, PURPOSE): a row that says where a tool is which some targets use and none needs.
AC_DEFUN([VEER_TOOL], [
AC_PATH_PROG([TOOL_]m4_toupper(m4_translit([$1], [-.], [__])), [$1], [not found ($2)])
VEER_PART([$1], [$TOOL_]m4_toupper(m4_translit([$1], [-.], [__])))])

# VEER_PARTS: the list as the C string BUILD_PARTS, a line a row.
AC_DEFUN([VEER_PARTS], [
veer_parts_c=`AS_ECHO_N(["$veer_parts"]) | sed -e 's/@<:@"\\\\@:>@/\\\\&/g' -e 's/$/\\\\n/' | tr -d '\n'`
AC_DEFINE_UNQUOTED([BUILD_PARTS], ["$veer_parts_c"], [what configure found and chose, a line each])])
