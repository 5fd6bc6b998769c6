"""What leaves the house: students' repositories, and Gradescope's zip for instructors."""
